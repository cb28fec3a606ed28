package questiontopic

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	// Calls are sent up to so many times as often as the server takes them. With 2, as in the book, all are sent a few
	// seconds after it has recovered, not ten, but at ten times its capacity refusals cost it a tenth of its time.
	surplus  = 1.3
	memory   = time.Second // In which the past comes to count for an e-th.
	harmless = 10          // After so many refusals and nothing else, half of the calls are held back.
)

// Throttle returns an interceptor that holds calls back while the server refuses many of them because it is overloaded:
// they fail at once with RESOURCE_EXHAUSTED and the server's newest hint when to come back, see [RetryDelay], and cost the
// server nothing. It is for programs that may ask for more than their servers can answer: a refusal costs a server about a
// fifteenth of an answer, so ten times what it can take leaves it half of its time for answers.
//
// Only what servers refuse with a hint counts, not calls that expire: callers in a hurry hold nobody back. So it cannot
// help a program that keeps more than 1,024 calls waiting for one server, with a deadline so late that the server would
// take them all: they expire behind its one connection.
//
// A third more calls are sent than the servers take, so some seconds after they have recovered all are. This is the
// client-side throttling of Google's "Site Reliability Engineering", chapter 21, "Handling Overload".
func Throttle() grpc.UnaryClientInterceptor {
	return new(throttle).intercept
}

type throttle struct {
	mutex   sync.Mutex
	asked   float64 // Calls that ended or were held back, the older the less they count.
	taken   float64 // Those of them that the server did not refuse.
	counted time.Time
	delay   time.Duration // The server's newest hint.
}

func (t *throttle) intercept(
	ctx context.Context, method string, request, response any,
	connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	if err := t.hold(rand.Float64()); err != nil {
		return err
	}
	err := invoke(ctx, method, request, response, connection, options...)
	// A message that is too large has the same code, but no hint: it says nothing of the server's load.
	delay, hinted := RetryDelay(err)
	switch code := status.Code(err); code {
	case codes.DeadlineExceeded, codes.Canceled: // Nothing is known of the server.
	default:
		t.ended(hinted && code == codes.ResourceExhausted, delay)
	}
	return err
}

// hold returns the error of a call that is not to be sent, which `chance` decides, evenly from 0 to 1.
func (t *throttle) hold(chance float64) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.forget()
	if chance >= (t.asked-surplus*t.taken)/(t.asked+harmless) {
		return nil
	}
	t.asked++
	return heldBack(t.delay)
}

func (t *throttle) ended(refused bool, delay time.Duration) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.forget()
	t.asked++
	if refused {
		t.delay = delay
	} else {
		t.taken++
	}
}

func (t *throttle) forget() {
	now := time.Now()
	left := math.Exp(-now.Sub(t.counted).Seconds() / memory.Seconds())
	t.asked, t.taken, t.counted = t.asked*left, t.taken*left, now
}

// heldBack is what calls get that are not sent.
func heldBack(delay time.Duration) error {
	const message = "not sent: the server refuses more calls than it takes; back off"
	found := status.New(codes.ResourceExhausted, message)
	if hinted, err := found.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(delay)}); err == nil {
		found = hinted
	}
	return found.Err()
}
