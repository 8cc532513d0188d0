package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// verify is all that a receiver needs to know that a request is cairn's, and no old one. It must see the body as it came,
// before anything parses it.
func verify(header http.Header, body []byte, secret string, now time.Time) error {
	timestamp := header.Get("Cairn-Timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return errors.New("no timestamp")
	}
	if age := now.Sub(time.Unix(seconds, 0)); age < -5*time.Minute || age > 5*time.Minute {
		return fmt.Errorf("signed %s ago: somebody may send it again", age)
	}
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(timestamp + "."))
	h.Write(body)
	want := "v1=" + hex.EncodeToString(h.Sum(nil))
	for signature := range strings.SplitSeq(header.Get("Cairn-Signature"), ",") {
		if hmac.Equal([]byte(strings.TrimSpace(signature)), []byte(want)) {
			return nil
		}
	}
	return errors.New("no signature of this secret")
}

func Example() {
	header := http.Header{}
	header.Set("Cairn-Timestamp", "1795340647")
	header.Set("Cairn-Signature", "v1=7b5a4486446baf7e0bb36d6b68b8f41c90edb883c5454f4c433e46758502601c")
	body := []byte(`{"schema":"cairn.webhook/v1"}`)
	fmt.Println(verify(header, body, "0123456789abcdef0123456789abcdef", time.Unix(1795340650, 0)))
	fmt.Println(verify(header, append(body, ' '), "0123456789abcdef0123456789abcdef", time.Unix(1795340650, 0)))
	fmt.Println(verify(header, body, "0123456789abcdef0123456789abcdef", time.Unix(1795341000, 0)))
	// Output:
	// <nil>
	// no signature of this secret
	// signed 5m53s ago: somebody may send it again
}
