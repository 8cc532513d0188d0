package sms

// What the fuzz target needs.
var (
	Compose = compose
	GSM     = gsm
	Septets = septets
	Cut     = cut
)
