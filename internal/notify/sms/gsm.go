package sms

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// onePart is how many septets of the GSM alphabet one part of an SMS holds. One character that is not in it makes the
// whole message UCS-2, of which 70 characters are a part.
const onePart = 160

// The GSM 7-bit default alphabet and its extension, 3GPP TS 23.038 section 6.2.1, without line breaks.
const (
	basic    = "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	extended = "^{}\\[~]|€"
)

// like are characters of the alphabet that read as others that are not in it.
var like = map[rune]string{
	'`': "'", '‘': "'", '’': "'", '‚': "'", '´': "'", '“': `"`, '”': `"`, '„': `"`, '«': `"`, '»': `"`,
	'–': "-", '—': "-", '‑': "-", '−': "-", '…': "..", '·': ".", '•': "*", '⁄': "/", 'ł': "l", 'Ł': "L", 'đ': "d", 'Đ': "D", 'ı': "i", 'œ': "oe", 'Œ': "OE", 'ẞ': "ß",
}

// gsm writes a text in the GSM alphabet: with a letter that reads alike, without accents, else with a question mark.
func gsm(text string) string {
	var b strings.Builder
	for _, r := range norm.NFC.String(text) {
		switch {
		case known(r):
			b.WriteRune(r)
		case like[r] != "":
			b.WriteString(like[r])
		default:
			b.WriteString(apart(r))
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// apart is a character without its accents.
func apart(r rune) string {
	var b strings.Builder
	for _, part := range norm.NFKD.String(string(r)) {
		switch {
		case known(part):
			b.WriteRune(part)
		case like[part] != "":
			b.WriteString(like[part])
		case !unicode.Is(unicode.Mn, part):
			b.WriteByte('?')
		}
	}
	return b.String()
}

func known(r rune) bool { return strings.ContainsRune(basic, r) || strings.ContainsRune(extended, r) }

// septets is how much of a part a text of the GSM alphabet takes: characters of the extension take two.
func septets(text string) int {
	n := 0
	for _, r := range text {
		n += cost(r)
	}
	return n
}

func cost(r rune) int {
	if strings.ContainsRune(extended, r) {
		return 2
	}
	return 1
}

// cut shortens a text of the GSM alphabet to n septets, with two dots at its end.
func cut(text string, n int) string {
	if septets(text) <= n {
		return text
	}
	room := n - len("..")
	for i, r := range text {
		if room -= cost(r); room < 0 {
			return strings.TrimRight(text[:i], " .") + ".."
		}
	}
	return text
}
