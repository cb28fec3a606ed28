package service

import (
	"context"
	"time"
)

const (
	// No text is answered sooner. gRPC would break such a call off when its own timer fires, which callers may take for
	// CANCELLED (8 of 150 calls with a deadline of a millisecond did).
	shortest = 2 * time.Millisecond
	// So long before a call's deadline it is told that it has expired, at most a part of the time it was given: gRPC breaks
	// it off at the deadline itself, as above. Late wake-ups of a busy machine must fit in.
	ahead     = 10 * time.Millisecond
	aheadPart = 10
)

// expireAhead is a context that is done before gRPC breaks the call off.
func expireAhead(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, bounded := ctx.Deadline()
	if !bounded {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-min(ahead, time.Until(deadline)/aheadPart)))
}
