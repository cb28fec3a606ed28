package questiontopic

import (
	"context"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	// hintedAttempts is how often a call is sent while the server refuses it with a hint how long to wait.
	hintedAttempts = 20
	// otherAttempts is the same without a hint: the cause may be a message that is too large, and waiting does not help.
	otherAttempts = 6
	firstPause    = 100 * time.Millisecond // Without a hint; it doubles with each attempt.
	maxPause      = 30 * time.Second
)

// Patiently repeats a call that fails with RESOURCE_EXHAUSTED, with a pause before each further attempt: as long as the
// server's hint says and a random time more, up to 20 attempts. Without a hint it makes up to 6, with pauses from 0.1 s
// on that double. It returns the outcome of the last attempt, or the error of ctx if ctx ends during a pause. Each
// attempt needs a deadline of its own. Use it for work in the background: a user who waits is better served by an error.
func Patiently(ctx context.Context, call func() error) error {
	for attempt := 1; ; attempt++ {
		err := call()
		hint, hinted := RetryDelay(err)
		attempts := otherAttempts
		if hinted {
			attempts = hintedAttempts
		}
		if status.Code(err) != codes.ResourceExhausted || attempt >= attempts {
			return err
		}
		select {
		case <-time.After(pause(attempt, hint, rand.Float64())):
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		}
	}
}

// pause returns how long to wait after an attempt, counted from 1. chance, a random number from 0 to 1, adds up to half of
// the pause, so that callers that were refused together do not come back together. A hint of 0 counts as none.
func pause(attempt int, hint time.Duration, chance float64) time.Duration {
	if hint <= 0 {
		hint = firstPause << (attempt - 1)
	}
	return time.Duration(float64(min(hint, maxPause)) * (1 + chance/2))
}
