package model_test

import (
	"testing"
	"time"

	"cairn.example/internal/model"
)

func TestSpan(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0 s":             900 * time.Millisecond,
		"59 s":            59 * time.Second,
		"1 m":             time.Minute,
		"17 m 37 s":       17*time.Minute + 37*time.Second,
		"1 h 0 m 1 s":     time.Hour + time.Second,
		"3 d":             72 * time.Hour,
		"2 d 3 h":         51 * time.Hour,
		"2 d 0 h 0 m 5 s": 48*time.Hour + 5*time.Second,
	} {
		if got := model.Span(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}
