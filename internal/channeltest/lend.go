package channeltest

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"testing"

	"cairn.example/internal/notify"
)

// Lending is the environment variable that makes the test binary of a kind of channel lend its doubles.
const Lending = "CAIRN_LEND"

// Asked is a question to who lends: open a far end of a kind, or else show what that one shows.
type Asked struct {
	Open string `json:"open,omitempty"`
	Show int    `json:"show"` // the number of a far end
}

// Lent is the answer.
type Lent struct {
	Number   int             `json:"number"` // of the far end that was opened
	Settings notify.Settings `json:"settings,omitempty"`
	Shown    []Shown         `json:"shown,omitempty"`
}

// Lend lends far ends to another process, which asks for them on the standard input and has done when that ends: so the
// program itself is tried with the very doubles that its channels are tried with. It does nothing in other runs.
func Lend(t *testing.T, starts map[string]func(*testing.T) *Far) {
	t.Helper()
	if os.Getenv(Lending) == "" {
		t.Skip("nobody borrows it")
	}
	var far []*Far
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var asked Asked
		if err := in.Decode(&asked); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		var lent Lent
		if start := starts[asked.Open]; start != nil {
			lent.Number, far = len(far), append(far, start(t))
			lent.Settings = far[lent.Number].Settings
		} else {
			lent.Shown = far[asked.Show].Shown()
		}
		if err := out.Encode(lent); err != nil {
			t.Fatal(err)
		}
	}
}
