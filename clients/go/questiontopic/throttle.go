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
	// surplus is the ratio of calls that are sent to calls that the server takes. A larger value, such as the book's 2,
	// ends the throttling sooner after the server has recovered, but makes an overloaded server spend more time on
	// refusals.
	surplus  = 1.3
	memory   = time.Second // After this time a past call counts 1/e.
	harmless = 10          // After this number of refusals, and nothing else, half of the calls are held back.
)

// Throttle returns an interceptor that holds calls back while the server refuses many of them because it is overloaded.
// A call that is held back is not sent: it fails at once with RESOURCE_EXHAUSTED and the server's latest hint how long
// to wait, which [RetryDelay] reads. Use it in programs that may send more calls than their servers can answer: a
// refusal costs a server CPU time, too.
//
// Only refusals with a hint count. Calls that expire do not count, so callers with short deadlines hold nobody back.
// Therefore it does not help a program that has more running calls than the server accepts on one connection, with
// deadlines so late that the server would accept all of them: they expire while they wait in the client.
//
// The interceptor sends a third more calls than the servers take, so some seconds after they have recovered it sends
// all calls. This is the client-side throttling of Google's "Site Reliability Engineering", chapter 21, "Handling
// Overload".
func Throttle() grpc.UnaryClientInterceptor {
	return new(throttle).intercept
}

type throttle struct {
	mutex   sync.Mutex
	asked   float64 // Calls that ended or were held back. Older calls count less.
	taken   float64 // The part of these calls that the server did not refuse.
	counted time.Time
	delay   time.Duration // The server's latest hint.
}

func (t *throttle) intercept(
	ctx context.Context, method string, request, response any,
	connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	if err := t.hold(rand.Float64()); err != nil {
		return err
	}
	err := invoke(ctx, method, request, response, connection, options...)
	// A message that is too large has the same code but no hint, and says nothing about the server's load.
	delay, hinted := RetryDelay(err)
	switch code := status.Code(err); code {
	case codes.DeadlineExceeded, codes.Canceled: // They say nothing about the server's load.
	default:
		t.ended(hinted && code == codes.ResourceExhausted, delay)
	}
	return err
}

// hold returns an error if the call must not be sent. chance, a random number from 0 to 1, decides.
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
	weight := math.Exp(-now.Sub(t.counted).Seconds() / memory.Seconds())
	t.asked, t.taken, t.counted = t.asked*weight, t.taken*weight, now
}

// heldBack returns the error of a call that the throttle holds back.
func heldBack(delay time.Duration) error {
	return overloaded("the server is overloaded and refuses many calls; back off", delay)
}

// overloaded returns the error of a call that is not sent, with a hint how long to wait.
func overloaded(message string, delay time.Duration) error {
	found := status.New(codes.ResourceExhausted, "not sent: "+message)
	if hinted, err := found.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(delay)}); err == nil {
		found = hinted
	}
	return found.Err()
}
