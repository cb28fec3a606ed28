package batcher_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/question-topic/question-topic/server/front/internal/batcher"
)

func TestALoneCallDoesNotWaitForCompany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		b, _ := newBatcher(t, batcher.Options{}, 1, tenth)
		send(t.Context(), b, "a", "b").wants(t, "A", "B")
		if took := time.Since(started); took != 2*tenth {
			t.Errorf("took %v, want %v", took, 2*tenth)
		}
	})
}

func TestWhateverWaitsWhileTheFunctionIsBusyIsTheNextBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, g := newBatcher(t, batcher.Options{}, 1, 0)
		first := hold(t, b, g)
		var calls []*call
		for i := range 5 {
			calls = append(calls, send(t.Context(), b, fmt.Sprintf("t%d", i)))
		}
		g.open()
		first.wants(t, "FIRST")
		for i, each := range calls {
			each.wants(t, fmt.Sprintf("T%d", i))
		}
		g.wantsOrder(t, "first|t0 t1 t2 t3 t4")
	})
}

func TestALargeCallLetsASmallOneThatCameLaterIntoItsFirstBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, g := newBatcher(t, batcher.Options{Turn: 2}, 1, 0)
		hold(t, b, g)
		large, small := send(t.Context(), b, texts("l", 15)...), send(t.Context(), b, "small")
		g.open()
		small.wants(t, "SMALL")
		large.wants(t, upper(texts("l", 15))...)
		g.wantsOrder(t, "first|l0 l1 l2 l3 l4 l5 l6 small|l7 l8 l9 l10 l11 l12 l13 l14")
	})
}

func TestAllFunctionsComputeOneLargeCallSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		b, _ := newBatcher(t, batcher.Options{}, 3, tenth)
		send(t.Context(), b, texts("t", 24)...).wants(t, upper(texts("t", 24))...)
		if took := time.Since(started); took != 8*tenth {
			t.Errorf("took %v, want %v", took, 8*tenth)
		}
	})
}

func TestCallsThatComeOneByOneGoToTheFunctionThatIsWarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, g := newBatcher(t, batcher.Options{}, 1, 0)
		other := join(t, b, g, 0)
		for range 5 {
			send(t.Context(), b, "a").wants(t, "A")
		}
		if one, two := g.order(), other.order(); one != "" && two != "" {
			t.Errorf("one function computed %s, the other %s", one, two)
		}
	})
}

func TestAPoisonedCallFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, g := newBatcher(t, batcher.Options{Turn: 1}, 1, 0)
		hold(t, b, g)
		before, bad := send(t.Context(), b, "a", "b"), send(t.Context(), b, "poison", "c")
		after := send(t.Context(), b, "d")
		g.open()
		before.wants(t, "A", "B")
		bad.fails(t, errPoison)
		after.wants(t, "D")
		g.wantsOrder(t, "first|a b poison c d|a b|poison c|d")
	})
}

func TestWhatIsCancelledWhileItsBatchIsTakenApartIsNotComputedAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, g := newBatcher(t, batcher.Options{}, 1, 0)
		hold(t, b, g)
		ctx, cancel := context.WithCancel(t.Context())
		send(t.Context(), b, "poison")
		leaving, neighbour := send(ctx, b, "a"), send(t.Context(), b, "b")
		g.step(oldest)
		g.step(oldest)
		cancel()
		leaving.fails(t, context.Canceled)
		g.open()
		neighbour.wants(t, "B")
		g.wantsOrder(t, "first|poison a b|poison|b")
		wantDropped(t, b, nil) // It had been computed, if in vain.
	})
}

func TestTheRestOfAFailedCallWaitsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, g := newBatcher(t, batcher.Options{MaxBatch: 2, MaxQueue: 6, Turn: 2}, 1, 0)
		hold(t, b, g)
		bad, neighbour := send(t.Context(), b, "poison", "b", "c", "d"), send(t.Context(), b, "e", "f")
		g.step(oldest)
		g.step(oldest)
		bad.fails(t, errPoison)
		other := send(t.Context(), b, texts("o", 6)...) // Nothing waits: the neighbour is being computed.
		g.open()
		neighbour.wants(t, "E", "F")
		other.wants(t, upper(texts("o", 6))...)
		if order := g.order(); strings.Contains(order, "c d") {
			t.Errorf("computed %s, of it c and d for nobody", order)
		}
	})
}

func TestAFullQueueRefusesWithAHintAndAcceptsAgainWhenItHasRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, g := newBatcher(t, batcher.Options{MaxQueue: 3}, 1, 0)
		hold(t, b, g)
		ctx, cancel := context.WithCancel(t.Context())
		waiting := send(ctx, b, "a", "b", "c")
		refused := send(t.Context(), b, "d").overloaded(t)
		if !refused.Full || refused.RetryAfter <= 0 || refused.Error() == "" {
			t.Errorf("refused by %#v, want a full queue and a time to retry after", refused)
		}
		cancel()
		waiting.fails(t, context.Canceled)
		accepted := send(t.Context(), b, "e", "f", "g")
		g.open()
		accepted.wants(t, "E", "F", "G")
		wantDropped(t, b, map[string]int{"queue full": 1, "cancelled": 1})
	})
}

// Ten texts of a tenth of a second each are ahead of the call. To be admitted it must have half of that time in reserve.
func TestADeadlineThatTheQueueCannotMeetIsRefusedAtOnce(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		functions         int
		left              time.Duration
		admit, retryAfter time.Duration // Of Admit and of Predict, if they refuse it.
	}{
		{1, 300 * ms, 1200 * ms, 700 * ms},
		{1, 990 * ms, 510 * ms, 50 * ms},
		{1, 1200 * ms, 300 * ms, 0},
		{1, 1400 * ms, 100 * ms, 0},
		{1, 1510 * ms, 0, 0},
		{2, 490 * ms, 260 * ms, 50 * ms},
		{2, 740 * ms, 50 * ms, 0},
		{2, 760 * ms, 0, 0},
	} {
		t.Run(fmt.Sprintf("%d functions, %v", c.functions, c.left), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, g := newBatcher(t, batcher.Options{}, c.functions, tenth)
				send(t.Context(), b, "warm").wants(t, "WARM")
				g.shut()
				for range c.functions {
					send(t.Context(), b, "held")
				}
				send(t.Context(), b, texts("t", 10-c.functions)...)
				ctx, cancel := context.WithTimeout(t.Context(), c.left)
				defer cancel()
				wantRefused := func(err error, retryAfter time.Duration) {
					t.Helper()
					var refused *batcher.OverloadedError
					if !errors.As(err, &refused) {
						t.Fatalf("got %v, want OverloadedError", err)
					}
					near(t, "wait", refused.Wait, time.Second/time.Duration(c.functions))
					near(t, "left", refused.Left, c.left)
					near(t, "retry after", refused.RetryAfter, retryAfter)
				}
				dropped := 0
				if err := b.Admit(c.left); c.admit > 0 {
					wantRefused(err, c.admit)
					dropped++
				} else if err != nil {
					t.Errorf("not admitted: %v", err)
				}
				b.Arrive()
				asked := send(ctx, b, "asked")
				if c.retryAfter > 0 {
					wantRefused(asked.overloaded(t), c.retryAfter)
					dropped++
				}
				if dropped > 0 {
					wantDropped(t, b, map[string]int{"deadline cannot be met": dropped})
				}
				g.open()
				if c.retryAfter == 0 {
					asked.wants(t, "ASKED")
				} else if order := g.order(); strings.Contains(order, "asked") {
					t.Errorf("computed %s, of it the refused call", order)
				}
			})
		})
	}
}

func TestAnAdmittedTextCountsAsWaitingUntilItArrivesOrIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := newBatcher(t, batcher.Options{MaxQueue: 3, MaxCalls: 3}, 0, 0)
		wantAdmitted := func(want int) {
			t.Helper()
			for got := 0; ; got++ {
				err := b.Admit(time.Hour)
				var refused *batcher.OverloadedError
				switch {
				case err == nil && got < want:
				case errors.As(err, &refused) && refused.Full && got == want:
					return
				default:
					t.Fatalf("after %d: got %v, want %d admitted", got, err, want)
				}
			}
		}
		wantAdmitted(3)
		b.Arrive()
		b.Arrive()
		wantAdmitted(2)
		time.Sleep(tenth)
		wantAdmitted(0)
		b.Arrive()
		wantAdmitted(1) // Newer than the others.
		time.Sleep(tenth)
		wantAdmitted(2)
		time.Sleep(2 * tenth)
		wantAdmitted(3)
		for range 5 {
			b.Arrive()
		}
		wantAdmitted(3)
	})
}

func TestWhatIsAdmittedLaterIsBehindWhatHasArrived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := newBatcher(t, batcher.Options{MaxQueue: 500, MaxCalls: 500}, 1, time.Millisecond)
		send(t.Context(), b, "warm").wants(t, "WARM")
		for number, left := range slices.Concat([]time.Duration{tenth}, slices.Repeat([]time.Duration{time.Minute}, 499)) {
			if err := b.Admit(left); err != nil {
				t.Fatalf("call %d: %v", number, err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), tenth)
		defer cancel()
		b.Arrive()
		send(ctx, b, "urgent").wants(t, "URGENT")
		time.Sleep(3 * tenth) // For the end.
	})
}

func TestABatchThatTookLongForOnceDoesNotCountForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, g := newBatcher(t, batcher.Options{}, 1, tenth)
		send(t.Context(), b, "warm").wants(t, "WARM")
		frozen := hold(t, b, g)
		time.Sleep(time.Hour)
		g.open()
		frozen.wants(t, "FIRST")
		hold(t, b, g)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		near(t, "wait", send(ctx, b, "asked").overloaded(t).Wait, tenth*12/10)
	})
}

func TestAPassedDeadlineIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, g := newBatcher(t, batcher.Options{}, 1, 0)
		for _, ago := range []time.Duration{0, time.Second, 24 * time.Hour} {
			send(dated{t.Context(), time.Now().Add(-ago)}, b, "late").fails(t, batcher.ErrExpired)
		}
		if order := g.order(); order != "" {
			t.Errorf("computed %s", order)
		}
		wantDropped(t, b, map[string]int{"expired on arrival": 3})
	})
}

func TestACallWithoutADeadlineNeverExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(100 * 365 * 24 * time.Hour)
		b, g := newBatcher(t, batcher.Options{}, 1, 0)
		hold(t, b, g)
		asked := send(t.Context(), b, "asked")
		time.Sleep(100 * 365 * 24 * time.Hour)
		g.open()
		asked.wants(t, "ASKED")
	})
}

func TestACallIsComputedHoweverSlowTheBatchesBeforeWere(t *testing.T) {
	for _, size := range []int{1, 5} { // One turn, and more than one.
		synctest.Test(t, func(t *testing.T) {
			b, g := newBatcher(t, batcher.Options{Turn: 2}, 1, time.Minute)
			send(t.Context(), b, "slow").wants(t, "SLOW")
			g.pace(time.Millisecond)
			ctx, cancel := context.WithTimeout(t.Context(), tenth)
			defer cancel()
			send(ctx, b, texts("q", size)...).wants(t, upper(texts("q", size))...)
		})
	}
}

func TestACallThatOthersOfItsBatchWouldMakeLateIsNotComputed(t *testing.T) {
	for _, c := range []struct {
		ahead int
		left  time.Duration // When the batch is formed; a text takes a tenth of a second, or as good as that.
		late  bool
	}{
		{0, 10 * time.Millisecond, false},
		{3, 300 * time.Millisecond, true},
		{3, 600 * time.Millisecond, false},
		{7, 600 * time.Millisecond, true},
	} {
		t.Run(fmt.Sprintf("%d ahead, %v left", c.ahead, c.left), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, g := newBatcher(t, batcher.Options{}, 1, tenth)
				for range 5 { // So that the batch that is held for long changes the estimate by little.
					send(t.Context(), b, "warm").wants(t, "WARM")
				}
				hold(t, b, g)
				if c.ahead > 0 {
					send(t.Context(), b, texts("t", c.ahead)...)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				asked := send(ctx, b, "asked")
				time.Sleep(time.Minute - c.left - tenth)
				g.open()
				_, err := asked.result()
				var overloaded *batcher.OverloadedError
				if early := errors.As(err, &overloaded) && ctx.Err() == nil; early != c.late {
					t.Errorf("got %v, want a refusal before its time: %v", err, c.late)
				}
				if computed := strings.Contains(g.order(), "asked"); computed == c.late {
					t.Errorf("computed: %v, want %v", computed, !c.late)
				}
			})
		})
	}
}

func TestACallThatLeavesWhileItIsComputedHarmsNoNeighbour(t *testing.T) {
	for reason, want := range map[string]error{
		"cancelled": context.Canceled, "expired in the queue": batcher.ErrExpired,
	} {
		t.Run(reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, g := newBatcher(t, batcher.Options{Turn: 2}, 1, 0)
				hold(t, b, g)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				leaving, neighbour := send(ctx, b, texts("l", 12)...), send(t.Context(), b, texts("n", 6)...)
				g.step(oldest)
				if want == context.Canceled {
					cancel()
				}
				leaving.fails(t, want)
				g.open()
				neighbour.wants(t, upper(texts("n", 6))...)
				g.wantsOrder(t, "first|l0 l1 l2 l3 n0 n1 n2 n3|n4 n5")
				wantDropped(t, b, map[string]int{reason: 1})
			})
		})
	}
}

func TestWhatWaitsWhenTheLastFunctionHasEndedFailsAsNotServingAndSoDoesWhatComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, g := newBatcher(t, batcher.Options{}, 2, 0)
		lost := []*call{hold(t, b, g), hold(t, b, g), send(t.Context(), b, "a"), send(t.Context(), b, "b", "c")}
		g.end()
		g.open()
		for _, each := range lost {
			each.fails(t, batcher.ErrNotServing)
		}
		send(t.Context(), b, "later").fails(t, batcher.ErrNotServing)
		g.wantsOrder(t, "first|first")
	})
}

func TestAFunctionThatHasEndedTakesItsBatchWithItAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, g := newBatcher(t, batcher.Options{MaxBatch: 2}, 1, 0)
		hold(t, b, g)
		release, returned := make(chan struct{}), make(chan error, 1)
		go func() {
			returned <- b.Run(func([]string) ([]string, error) {
				<-release
				return nil, fmt.Errorf("%w: of old age", batcher.ErrEnded)
			})
		}()
		lost := send(t.Context(), b, "lost")
		var kept []*call
		for i := range 5 {
			kept = append(kept, send(t.Context(), b, fmt.Sprintf("t%d", i)))
		}
		close(release)
		lost.fails(t, batcher.ErrNotServing)
		if err := <-returned; !errors.Is(err, batcher.ErrEnded) {
			t.Errorf("Run returned %v, want ErrEnded", err)
		}
		g.open()
		for i, each := range kept {
			each.wants(t, fmt.Sprintf("T%d", i))
		}
		g.wantsOrder(t, "first|t0 t1|t2 t3|t4")
	})
}

func TestAFunctionThatEndsOverAPoisonedBatchLeavesNoCallBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, g := newBatcher(t, batcher.Options{}, 1, 0)
		hold(t, b, g)
		answered, bad := send(t.Context(), b, "a"), send(t.Context(), b, "poison")
		lost := []*call{send(t.Context(), b, "b"), send(t.Context(), b, "c")}
		for range 4 { // The first call, the batch, and the first two of its calls alone.
			g.step(oldest)
		}
		g.end()
		g.open()
		answered.wants(t, "A")
		bad.fails(t, errPoison)
		for _, each := range lost {
			each.fails(t, batcher.ErrNotServing)
		}
	})
}

func wantDropped(t *testing.T, b *batcher.Batcher[string], want map[string]int) {
	t.Helper()
	if got := b.Dropped(); !maps.Equal(got, want) {
		t.Errorf("dropped %v, want %v", got, want)
	}
}

// near leaves room for what floats lose.
func near(t *testing.T, name string, got, want time.Duration) {
	t.Helper()
	if (got - want).Abs() > time.Microsecond {
		t.Errorf("%s: got %v, want %v", name, got, want)
	}
}
