package notify

import "cairn.example/internal/model"

// The colours of what a message is about, each of which can be told from white and from black paper.
const (
	green = "#2e8540"
	grey  = "#767676"
)

var severityColours = map[model.Severity]string{
	model.Low: "#4c7bd9", model.Medium: "#b8860b", model.High: "#e0620d", model.VeryHigh: "#d93025", model.Extreme: "#c2185b",
}

// Colour goes with [Message.Word], and is never without it: #rrggbb.
func (m Message) Colour() string {
	switch {
	case m.Test:
		return grey
	case m.State == Resolved:
		return green
	}
	if c, ok := severityColours[m.Severity]; ok {
		return c
	}
	return grey
}
