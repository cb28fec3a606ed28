package questiontopic_test

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// numbered yields q0, q1 and so on, without an end if count is negative. It counts what was read.
func numbered(count int, read *atomic.Int64) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := 0; i != count; i++ {
			read.Add(1)
			if !yield(fmt.Sprint("q", i)) {
				return
			}
		}
	}
}

// collect returns the topics of a loop with their numbers, and the error that ended it.
func collect(answers iter.Seq2[questiontopic.Answer, error]) (got []string, err error) {
	for answer, failed := range answers {
		topic := answer.Prediction.GetCoarse().GetTopTopic()
		if err = failed; err != nil {
			topic = status.Code(err).String()
		}
		got = append(got, fmt.Sprintf("%d %s %s", answer.Number, answer.Text, topic))
	}
	return got, err
}

func TestPredictManyAnswersInTheOrderOfTheTexts(t *testing.T) {
	for _, count := range []int{0, 1, 63, 64, 65, 1000} {
		service := &questiontopictest.Service{Predict: echo}
		client := questiontopictest.NewClient(t, service)
		got, err := collect(client.PredictMany(t.Context(), coarse, numbered(count, new(atomic.Int64))))
		var want []string
		for i := range count {
			want = append(want, fmt.Sprintf("%d q%[1]d q%[1]d", i))
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%d texts: got %q, %v", count, got, err)
		}
		if calls := len(service.Requests()); calls != (count+63)/64 {
			t.Errorf("%d texts: got %d calls", count, calls)
		}
	}
}

func TestPredictManyHasAWindowOfCallsAndReadsNoFurther(t *testing.T) {
	gate := newGate()
	client := questiontopictest.NewClient(t, &questiontopictest.Service{Predict: gate.predict})
	var read atomic.Int64
	answers := make(chan questiontopic.Answer)
	go func() {
		defer close(answers)
		texts := numbered(-1, &read)
		for answer := range client.PredictMany(t.Context(), fine, texts,
			questiontopic.TextsPerCall(3), questiontopic.InFlight(2), questiontopic.Model("usem3")) {
			answers <- answer
			if answer.Number == 3 {
				return
			}
		}
	}()
	for range 2 {
		request := (<-gate.calls).request
		if len(request.GetTexts()) != 3 || request.GetLabelLevel() != fine || request.GetModel() != "usem3" {
			t.Errorf("got the request %v", request)
		}
	}
	select {
	case <-answers:
		t.Error("an answer of a call that has not ended")
	case <-gate.calls:
		t.Error("a third call")
	case <-time.After(50 * time.Millisecond): // Nothing shows that nothing happens.
	}
	if got := read.Load(); got != 6 {
		t.Errorf("%d texts were read for two calls", got)
	}
	close(gate.open)
	for number := range 4 {
		if got := (<-answers).Number; got != number {
			t.Errorf("got answer %d, want %d", got, number)
		}
	}
	if _, more := <-answers; more || read.Load() > 9 {
		t.Errorf("%d texts were read for four answers", read.Load())
	}
}

func TestBreakCancelsWhatIsUnderWayAndLeavesNoGoroutine(t *testing.T) {
	under, cancelled := make(chan struct{}, 3), make(chan struct{}, 3)
	client := questiontopictest.NewClient(t, &questiontopictest.Service{Predict: func(
		ctx context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		switch request.GetTexts()[0] {
		case "connects":
		case "q0": // It is answered when the other calls are under way.
			for range 3 {
				<-under
			}
		default:
			under <- struct{}{}
			<-ctx.Done()
			cancelled <- struct{}{}
		}
		return echo(ctx, request)
	}}, questiontopic.WithTimeout(time.Hour)) // No deadline ends what must be cancelled.
	if _, err := client.Predict(t.Context(), coarse, "connects"); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	for answer, err := range client.PredictMany(t.Context(), coarse, numbered(-1, new(atomic.Int64)), questiontopic.TextsPerCall(1)) {
		if answer.Text != "q0" || err != nil {
			t.Errorf("got %v, %v", answer, err)
		}
		break
	}
	for range 3 {
		<-cancelled
	}
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; { // The server's end, too.
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
		runtime.Gosched()
	}
}

func TestARefusedTextEndsTheLoopAfterTheAnswersBeforeIt(t *testing.T) {
	service := &questiontopictest.Service{Predict: echo}
	client := questiontopictest.NewClient(t, service)
	texts := slices.Values([]string{"a", "b", "c", "d", "bad", "e", "bad"})
	got, err := collect(client.PredictMany(t.Context(), coarse, texts, questiontopic.TextsPerCall(3), questiontopic.InFlight(1)))
	if want := []string{"0 a a", "1 b b", "2 c c", "3 d d", "4 bad InvalidArgument"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := violationsOf(t, err); got != "texts[4]: must not be bad" {
		t.Errorf("got %q", got)
	}
	if got := status.Convert(err).Message(); got != "texts[4]: must not be bad" {
		t.Errorf("got the message %q", got)
	}
}

func TestRefusedTextsCanBeSkipped(t *testing.T) {
	for _, size := range []int{1, 2, 3, 7, 512} {
		service := &questiontopictest.Service{Predict: echo}
		client := questiontopictest.NewClient(t, service)
		texts := slices.Values([]string{"bad", "a", "bad 2", "not \xff", "b", "c", "bad 6"})
		got, _ := collect(client.PredictMany(t.Context(), coarse, texts,
			questiontopic.SkipRefused(), questiontopic.TextsPerCall(size)))
		if want := []string{"0 bad InvalidArgument", "1 a a", "2 bad 2 InvalidArgument", "3 not \xff InvalidArgument", "4 b b",
			"5 c c", "6 bad 6 InvalidArgument"}; !slices.Equal(got, want) {
			t.Errorf("%d texts in a call: got %q", size, got)
		}
	}
}

func TestAnyOtherFailureEndsTheLoopAtTheFirstTextWithoutAnAnswer(t *testing.T) {
	for _, c := range []struct {
		code codes.Code
		want string
	}{
		{codes.NotFound, "no model"}, {codes.InvalidArgument, "label_level: no such level"}, {codes.Internal, "fault"},
	} {
		client := questiontopictest.NewClient(t, &questiontopictest.Service{Predict: func(
			ctx context.Context, request *questiontopicv1.PredictTopicRequest,
		) (*questiontopicv1.PredictTopicResponse, error) {
			if slices.Contains(request.GetTexts(), "fatal") && !slices.Contains(request.GetTexts(), "bad") {
				return nil, status.Error(c.code, c.want)
			}
			return echo(ctx, request)
		}})
		texts := slices.Values([]string{"a", "b", "bad", "fatal", "c"})
		got, err := collect(client.PredictMany(t.Context(), coarse, texts,
			questiontopic.SkipRefused(), questiontopic.TextsPerCall(2)))
		want := []string{"0 a a", "1 b b", "2 bad InvalidArgument", "3 fatal " + c.code.String()}
		if !slices.Equal(got, want) || status.Convert(err).Message() != c.want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
}

func TestTheEndOfTheContextEndsTheLoop(t *testing.T) {
	gate := newGate()
	client := questiontopictest.NewClient(t, &questiontopictest.Service{Predict: gate.predict})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-gate.calls
		cancel()
	}()
	if got, err := collect(client.PredictMany(ctx, coarse, numbered(-1, new(atomic.Int64)))); status.Code(err) != codes.Canceled ||
		!slices.Equal(got, []string{"0 q0 Canceled"}) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestEachCallHasTheTimeoutOfTheClientWhateverTheContextHas(t *testing.T) {
	gate := newGate()
	client := questiontopictest.NewClient(t, &questiontopictest.Service{Predict: gate.predict},
		questiontopic.WithTimeout(50*time.Millisecond))
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	if _, err := collect(client.PredictMany(ctx, coarse, slices.Values([]string{"a"}))); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("got %v, want DEADLINE_EXCEEDED", err)
	}
}

func TestLoopsShareAClientThatMerges(t *testing.T) {
	client := questiontopictest.NewClient(t, &questiontopictest.Service{Predict: echo},
		questiontopic.WithMerging(questiontopic.Merging{}))
	var loops sync.WaitGroup
	for range 8 {
		loops.Go(func() {
			got, err := collect(client.PredictMany(t.Context(), coarse, numbered(50, new(atomic.Int64)), questiontopic.TextsPerCall(3)))
			if err != nil || len(got) != 50 || got[49] != "49 q49 q49" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	loops.Wait()
}
