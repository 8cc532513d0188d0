package live_test

import (
	"fmt"
	"time"

	"cairn.example/internal/model"
	"cairn.example/internal/store"
)

const wasOff = "opened | trail/prod-audit was changed between 2026-11-22 00:3 | and 2026-11-22 01:0 | IsLogging was true and is false."

// stories are what happens from 00:45 on, and what is told of it.
var stories = map[string]struct {
	deaf bool // nothing was heard of anybody
	play func(h *house)
	want []string
}{
	"a trail is off and no event told of it": {
		play: func(h *house) { h.trail(ownTrail, off) },
		want: []string{wasOff + " | aws cloudtrail lookup-events --region eu-central-1 --start-time 2026-11-22T00:25:"},
	},
	"the account was refused meanwhile": {
		play: func(h *house) {
			h.edit(owner, func(a *model.Account) {
				was := a.Clone()
				refuse(a)
				time.AfterFunc(30*time.Minute, func() {
					h.edit(owner, func(a *model.Account) { *a = *was })
					h.trail(ownTrail, off)
				})
			})
		},
		want: []string{"opened | between 2026-11-22 00:3 | and 2026-11-22 01:3 | IsLogging was true and is false."},
	},
	"its times tell when that was": {
		play: func(h *house) { h.trail(ownTrail, off); h.trail(ownTrail, stoppedAt(0, 37)) },
		want: []string{`opened | IsLogging was true and is false; StopLoggingTime was none and is "2026-11-22T00:37:00Z".`},
	},
	"a further change is seen again": {
		play: func(h *house) {
			h.trail(ownTrail, off)
			h.until(1, 40)
			h.trail(ownTrail, func(t *model.Trail) { t.Bucket = model.Known("elsewhere", from("DescribeTrails")) })
		},
		want: []string{wasOff, `told anew | between 2026-11-22 01:3 | S3BucketName was "prod-audit-logs" and is "elsewhere".`},
	},
	"an event contradicts what is read": {
		play: func(h *house) { h.hand(call{name: "StopLogging", at: time.Now().Add(-10 * time.Minute)}) },
		want: []string{"opened | IsLogging was false and is true."},
	},

	"(a) the event is late": {
		play: func(h *house) {
			at := time.Now()
			h.trail(ownTrail, off)
			h.until(1, 5)
			h.hand(call{name: "StopLogging", more: `"requestParameters":{"name":"other"},`}) // after which they are read again
			h.until(1, 20)
			h.hand(call{name: "StopLogging", at: at})
		},
	},
	"(a) the event comes when it was told": {
		play: func(h *house) {
			at := time.Now()
			h.trail(ownTrail, off)
			h.until(1, 45)
			h.want(wasOff)
			h.hand(call{name: "StopLogging", at: at})
		},
		want: []string{wasOff, "resolved StopLogging at 2026-11-22 00:45:00 UTC by arn:aws:sts::222222222222:assumed-role/Admin/mallory | its event e-3 came late"},
	},
	"(a) an event comes that tells of a part": {
		play: func(h *house) {
			at := time.Now()
			h.trail(ownTrail, off)
			h.trail(ownTrail, func(t *model.Trail) { t.Validation = model.Known(false, from("DescribeTrails")) })
			h.until(1, 45)
			h.hand(call{name: "StopLogging", at: at})
		},
		want: []string{"opened | IsLogging was true", "told anew | cannot be said: LogFileValidationEnabled was true and is false."},
	},
	"(b) the status was refused": {
		play: func(h *house) {
			h.trail(ownTrail, func(t *model.Trail) { t.Logging = model.Unread[bool](from("GetTrailStatus")) })
		},
	},
	"(b) the account could not be read": {
		play: func(h *house) {
			h.edit(owner, func(a *model.Account) {
				g := model.Gap{Call: "AssumeRole", Account: a.ID, Code: "AccessDenied"}
				a.Caller, a.Gaps, a.Trails, a.Regions = "", []model.Gap{g}, model.List[*model.Trail]{}, model.List[string]{}
			})
		},
	},
	"(b) it cannot be read when it would be told, and then it is": {
		play: func(h *house) {
			h.trail(ownTrail, off)
			h.until(1, 10)
			h.trail(ownTrail, func(t *model.Trail) { t.Logging = model.Unread[bool](from("GetTrailStatus")) })
			h.until(1, 45)
			h.want()
			h.trail(ownTrail, off)
		},
		want: []string{wasOff},
	},
	"(c) events of nobody are read": {deaf: true, play: func(h *house) { h.trail(ownTrail, off) }},
	"(c) events of another Region and another account are read": {
		deaf: true,
		play: func(h *house) {
			h.heard(owner, "us-east-1")
			h.heard("111111111111", "eu-central-1")
			h.until(1, 15)
			h.trail(ownTrail, off)
		},
	},
	"(c) events were not read yet when it was read before": {
		deaf: true,
		play: func(h *house) { h.trail(ownTrail, off); h.heard(owner, "eu-central-1") },
	},
	"(c) nothing was heard for long": {
		play: func(h *house) {
			h.stop()
			time.Sleep(9 * 24 * time.Hour)
			h.start()
			time.Sleep(10 * time.Minute)
			h.trail(ownTrail, off)
		},
	},
	"(d) an organization's trail, and nobody but its owner is heard": {
		deaf: true,
		play: func(h *house) {
			h.heard("111111111111", "eu-west-1")
			h.until(1, 15)
			h.trail(orgTrail, orgOff)
		},
	},
	"(d) an organization's trail, and others are heard too": {
		play: func(h *house) {
			h.heard("111111111111", "eu-west-1")
			h.until(1, 15)
			h.trail(orgTrail, orgOff)
		},
		want: []string{"opened | trail/org-trail | IsLogging was true and is false."},
	},
	"(d) a member's shadow of an organization's trail": {
		play: func(h *house) {
			h.heard("444444444444", "eu-west-1")
			h.until(1, 15)
			h.edit("444444444444", func(a *model.Account) { orgOff(a.Trail(orgTrail)) })
		},
	},
	"(e) a call that nobody knows": {
		play: func(h *house) { h.hand(call{name: "RearrangeTrail"}); h.trail(ownTrail, off) },
	},
	"(h) it is as before when it is read again": {
		play: func(h *house) {
			h.trail(ownTrail, off)
			h.until(1, 10)
			h.trail(ownTrail, on)
		},
	},
	"(h) it was off and on between two readings, as its time tells": {
		play: func(h *house) { h.trail(ownTrail, stoppedAt(0, 37)) },
		want: []string{`opened | cannot be said: StopLoggingTime was none and is "2026-11-22T00:37:00Z".`},
	},
	"(h) it is put right before it is told": {
		play: func(h *house) {
			h.trail(ownTrail, off)
			h.until(1, 20)
			h.hand(call{name: "StartLogging"})
			h.trail(ownTrail, on)
		},
		want: []string{wasOff},
	},
	"(h) events tell of both": {
		play: func(h *house) {
			h.hand(call{name: "StopLogging"})
			h.until(0, 55)
			h.hand(call{name: "StartLogging"})
		},
	},
	"(h) a reading that began before the call": {
		play: func(h *house) {
			h.until(0, 50)
			h.hand(call{name: "UpdateTrail", more: fmt.Sprintf(`"requestParameters":{"name":%q,"enableLogFileValidation":false},`, ownTrail)})
			time.Sleep(5 * time.Minute) // it is read a minute after the call, and does not show it
			h.trail(ownTrail, func(t *model.Trail) { t.Validation = model.Known(false, from("DescribeTrails")) })
		},
	},
	"(i) a refused call explains nothing": {
		play: func(h *house) {
			h.hand(call{name: "StopLogging", more: `"errorCode":"AccessDenied",`})
			h.trail(ownTrail, off)
		},
		want: []string{"opened | IsLogging was true and is false."},
	},
}

// restarts are the same with a watch that ends and begins again.
var restarts = map[string]func(h *house) []string{
	"a change while nobody looked": func(h *house) []string {
		h.stop()
		h.trail(ownTrail, off)
		h.until(5, 10)
		h.start()
		h.until(5, 30)
		h.want() // it may still be told of
		return []string{"opened | between 2026-11-22 00:3 | and 2026-11-22 05:1 | IsLogging was true and is false."}
	},
	"its event comes after the start": func(h *house) []string {
		at := time.Now()
		h.stop()
		h.trail(ownTrail, off)
		h.until(5, 10)
		h.start()
		h.until(5, 20)
		h.hand(call{name: "StopLogging", at: at})
		return nil
	},
	"its event waits behind those of hours": func(h *house) []string {
		at := time.Now()
		h.stop()
		h.trail(ownTrail, off)
		h.until(5, 10)
		h.start()
		h.sent = at
		for range 12 {
			h.heard(owner, "eu-central-1")
			time.Sleep(9 * time.Minute)
		}
		h.want()
		h.hand(call{name: "StopLogging", at: at})
		return nil
	},
	"found before, told after": func(h *house) []string {
		h.trail(ownTrail, off)
		h.until(1, 10)
		h.stop()
		h.start()
		h.until(1, 25)
		h.want()
		h.until(1, 40)
		h.want(wasOff)
		return []string{wasOff}
	},
	"told before, taken back after": func(h *house) []string {
		at := time.Now()
		h.trail(ownTrail, off)
		h.until(1, 45)
		h.stop()
		h.until(4, 0)
		h.start()
		h.until(4, 10)
		h.hand(call{name: "StopLogging", at: at})
		return []string{wasOff, "resolved StopLogging at 2026-11-22 00:45:00 UTC"}
	},
	"away for longer than a queue keeps messages": func(h *house) []string {
		h.stop()
		h.trail(ownTrail, off)
		time.Sleep(15 * 24 * time.Hour)
		h.start()
		return nil
	},
	"the log is full, and does not reach back": func(h *house) []string {
		h.until(0, 50)
		var many []call
		for range store.LogRecords {
			many = append(many, call{name: "StopLogging", account: "333333333333", more: `"errorCode":"AccessDenied","requestParameters":{"name":"other"},`})
		}
		h.hand(many...)
		h.until(0, 58)
		h.stop()
		h.trail(ownTrail, off)
		h.start()
		return nil
	},
}

func orgOff(t *model.Trail) {
	t.Logging = model.Known(false, model.Origin{Call: "GetTrailStatus", Region: "eu-west-1"})
}
