package questiontopic

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const hint = 250 * time.Millisecond

// offer makes calls at intervals of a millisecond. refuse is the server: it returns the error of each call. offer
// counts the calls that were sent and those that were held back.
func offer(throttle *throttle, calls int, refuse func() error) (sent, held int, last error) {
	for range calls {
		before := sent
		err := throttle.intercept(context.Background(), "", nil, nil, nil,
			func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
				sent++
				return refuse()
			})
		if sent == before {
			held++
			last = err
		}
		time.Sleep(time.Millisecond)
	}
	return sent, held, last
}

func TestAtTenTimesTheCapacityFewCallsAreSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused, random := heldBack(hint), rand.New(rand.NewPCG(1, 2))
		throttle := &throttle{}
		second, taken := time.Now(), 0
		server := func() error { // It takes a hundred calls a second.
			if now := time.Now(); now.Sub(second) >= time.Second {
				second, taken = now, 0
			}
			if taken++; taken > 100 || random.Float64() < 0.01 {
				return refused
			}
			return nil
		}
		offer(throttle, 5_000, server)
		sent, held, err := offer(throttle, 20_000, server)
		if sent < 2_400 || sent > 3_600 || sent+held != 20_000 {
			t.Errorf("%d calls were sent and %d held back; the server takes 2,000 of 20,000", sent, held)
		}
		if delay, ok := RetryDelay(err); status.Code(err) != codes.ResourceExhausted || delay != hint || !ok {
			t.Errorf("a call that is held back fails with %v, want RESOURCE_EXHAUSTED with the server's hint", err)
		}
	})
}

func TestNoCallIsHeldBackWhileTheServerRefusesFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		_, held, _ := offer(&throttle{}, 10_000, func() error {
			if calls++; calls%10 == 0 {
				return heldBack(hint)
			}
			return nil
		})
		if held != 0 {
			t.Errorf("%d of 10,000 calls were held back, though the server takes nine of ten", held)
		}
	})
}

func TestOtherErrorsHoldNoCallBack(t *testing.T) {
	for _, err := range []error{
		status.Error(codes.ResourceExhausted, "a message that is too large, without a hint"),
		status.Error(codes.DeadlineExceeded, ""),
		status.Error(codes.Unavailable, ""),
		status.Error(codes.InvalidArgument, ""),
		errors.New("no status"),
	} {
		synctest.Test(t, func(t *testing.T) {
			if _, held, _ := offer(&throttle{}, 1_000, func() error { return err }); held != 0 {
				t.Errorf("%d calls were held back after %v", held, err)
			}
		})
	}
}

func TestAfterTheServerHasRecoveredAllCallsAreSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused, throttle := heldBack(hint), &throttle{}
		sent, _, _ := offer(throttle, 20_000, func() error { return refused })
		if sent < 100 || sent > 1_000 {
			t.Errorf("%d of 20,000 calls were sent while all were refused, want from 100 to 1,000", sent)
		}
		recovered := func() error { return nil }
		offer(throttle, 15_000, recovered)
		if _, held, _ := offer(throttle, 1_000, recovered); held != 0 {
			t.Errorf("%d calls were held back 15 seconds after the server had recovered", held)
		}
	})
}

func TestExpiredCallsDoNotCountAsAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused, throttle := heldBack(hint), &throttle{}
		offer(throttle, 500, func() error { return refused })
		expired := func() error { return status.Error(codes.DeadlineExceeded, "") }
		if _, held, _ := offer(throttle, 100, expired); held < 50 {
			t.Errorf("%d of 100 calls were held back after expired ones, want most of them", held)
		}
	})
}

func TestTenRefusalsHoldHalfOfTheCallsBack(t *testing.T) {
	throttle := &throttle{}
	for range 10 {
		throttle.ended(true, hint)
	}
	if err := throttle.hold(0.52); err != nil {
		t.Errorf("more than half are held back: %v", err)
	}
	if err := throttle.hold(0.45); err == nil {
		t.Error("less than half are held back")
	}
}
