package slack

import "cairn.example/internal/notify"

// What the fuzz targets need.
var (
	Fit      = fit
	MostJSON = mostJSON
)

// Weigh composes a message and gives how long its blocks are.
func Weigh(m notify.Message) int { return weight(compose(m)) }
