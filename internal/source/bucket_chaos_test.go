package source_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cairn.example/internal/source"
)

// The properties: whatever fails and however often it is begun anew, every file that appears within the hour is
// acknowledged, and a kept cursor never passes one that was not.
func TestCursorsLoseNothing(t *testing.T) {
	for seed := range uint64(12) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 2))
			s, d := newShop(), &desk{}
			s.page = 1 + random.IntN(20)
			appeared, acked := map[string]time.Time{}, map[string]bool{}
			for _, folder := range []string{west, "111122223333/CloudTrail/us-east-1", "o-abcdefghij/444455556666/CloudTrail-NetworkActivity/us-east-1"} {
				for i := range 60 {
					at := time.Now().Add(time.Duration(random.IntN(30*60)-5*60) * time.Minute)
					late := time.Duration(random.IntN(50)) * time.Minute
					key := keyAt(folder, at, fmt.Sprint(i, "x", random.IntN(1e6)))
					time.AfterFunc(time.Until(at.Add(late)), func() {
						s.put(key)
						s.mu.Lock()
						defer s.mu.Unlock()
						appeared[key] = time.Now()
					})
				}
			}
			flip := func(odds float64, err error) error {
				if random.Float64() < odds {
					return err
				}
				return nil
			}
			s.get = func(string) error { return flip(0.05, errSlowDown) } // all these with the shop locked
			s.broken = func(string) error { return flip(0.05, errSlowDown) }
			s.refused = func(source.Listing) error { return flip(0.02, errDenied) }
			s.setting = func(name, value string) {
				for key, at := range appeared {
					if "s3://b/"+key <= "s3://b/"+value && strings.HasPrefix("s3://b/"+key, name+"/") && !acked[key] && time.Since(at) > 6*time.Minute {
						t.Errorf("seed %d: the cursor %s passes %s", seed, value, key)
					}
				}
			}
			d.refuse = func(source.Batch) error {
				s.mu.Lock()
				defer s.mu.Unlock()
				return flip(0.1, errors.New("not now"))
			}
			handle := func(ctx context.Context, b source.Batch) error {
				body := &noting{Reader: b.Body}
				b.Body = body
				if err := d.handle(ctx, b); err != nil || body.err != nil {
					return err // nil for what broke off: the source sees for itself
				}
				s.mu.Lock()
				defer s.mu.Unlock()
				acked[strings.TrimPrefix(b.Name, "s3://b/")] = true
				return nil
			}
			for range 8 {
				s.mu.Lock()
				life := time.Duration(random.IntN(6*60)) * time.Minute
				s.mu.Unlock()
				ctx, cancel := context.WithTimeout(t.Context(), life)
				one := bucketOf(s, d)
				one.Since = 6 * time.Hour
				_ = one.Run(ctx, handle)
				cancel()
				time.Sleep(life / 8)
			}
			time.Sleep(20 * time.Hour) // until all is there
			ctx, cancel := context.WithTimeout(t.Context(), 8*time.Hour)
			defer cancel()
			one := bucketOf(s, d)
			one.Since = 6 * time.Hour
			_ = one.Run(ctx, handle)
			if len(appeared) != 180 {
				t.Fatalf("%d files appeared", len(appeared))
			}
			for key := range appeared {
				if !acked[key] {
					t.Errorf("seed %d: %s was never acknowledged", seed, key)
				}
			}
		})
	}
}
