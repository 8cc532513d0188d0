package email

import (
	_ "embed"
	"html/template"
	"strings"

	"cairn.example/internal/notify"
)

//go:embed page.html
var pageText string

// pageTemplate sets no colour of text or paper, so that each mailbox takes its own, by day and by night; what it sets
// can be told from both. Its styles stand in the elements: mailboxes drop those of the head.
var pageTemplate = template.Must(template.New("page").Parse(pageText))

// page is the message for those who read HTML.
func page(m notify.Message) (string, error) {
	var b strings.Builder
	err := pageTemplate.Execute(&b, m)
	return b.String(), err
}
