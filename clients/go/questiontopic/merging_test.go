package questiontopic_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// gate is a service that records each call and answers it when the test lets it go.
type gate struct {
	calls chan arrived
	open  chan struct{} // Each value lets one call go; closed, all.
}

type arrived struct {
	ctx     context.Context
	request *questiontopicv1.PredictTopicRequest
}

func newGate() *gate {
	return &gate{calls: make(chan arrived, 1000), open: make(chan struct{})}
}

func (g *gate) predict(
	ctx context.Context, request *questiontopicv1.PredictTopicRequest,
) (*questiontopicv1.PredictTopicResponse, error) {
	g.calls <- arrived{ctx, request}
	select {
	case <-g.open:
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	return echo(ctx, request)
}

// echo answers each text with itself as the topic, and refuses the first text that begins with "bad".
func echo(
	_ context.Context, request *questiontopicv1.PredictTopicRequest,
) (*questiontopicv1.PredictTopicResponse, error) {
	response := &questiontopicv1.PredictTopicResponse{Model: &questiontopicv1.Model{Name: "echo"}}
	for i, text := range request.GetTexts() {
		if strings.HasPrefix(text, "bad") {
			refused, _ := status.New(codes.InvalidArgument, "refused").WithDetails(&errdetails.BadRequest{
				FieldViolations: []*errdetails.BadRequest_FieldViolation{
					{Field: fmt.Sprintf("texts[%d]", i), Description: "must not be bad"}}})
			return nil, refused.Err()
		}
		response.Predictions = append(response.Predictions, &questiontopicv1.Prediction{
			Coarse: &questiontopicv1.TopicConfidences{TopTopic: text}})
	}
	return response, nil
}

// merging returns a client that merges, with one call under way at a time, and the gate in front of its server.
func merging(t *testing.T, limits questiontopic.Merging, options ...questiontopic.Option) (*questiontopic.Client, *gate) {
	t.Helper()
	limits.InFlight = 1
	gate := newGate()
	address := topictest.Serve(t, &questiontopictest.Service{Predict: gate.predict})
	return newClient(t, address, append(options, questiontopic.WithMerging(limits))...), gate
}

// ask asks one question at the coarse level and returns a channel for the error; the answer must be the text.
func ask(ctx context.Context, client *questiontopic.Client, text string) <-chan error {
	ended := make(chan error, 1)
	go func() {
		predictions, err := client.Predict(ctx, coarse, text)
		if err == nil && (len(predictions) != 1 || predictions[0].GetCoarse().GetTopTopic() != text) {
			err = fmt.Errorf("%q got %v", text, predictions)
		}
		ended <- err
	}()
	return ended
}

// waitFor returns when so many texts wait in the client.
func waitFor(t *testing.T, client *questiontopic.Client, texts int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); client.MergingStats().Waiting != texts; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%+v, want %d texts that wait", client.MergingStats(), texts)
		}
	}
}

// busy asks one question, which leaves alone and keeps the line busy, and returns the channel for its error.
func busy(t *testing.T, client *questiontopic.Client, gate *gate) <-chan error {
	t.Helper()
	first := ask(t.Context(), client, "first")
	if texts := (<-gate.calls).request.GetTexts(); !slices.Equal(texts, []string{"first"}) {
		t.Fatalf("the first call has %q", texts)
	}
	return first
}

func expect(t *testing.T, ended <-chan error, want codes.Code) {
	t.Helper()
	if err := <-ended; status.Code(err) != want {
		t.Errorf("got %v, want %v", err, want)
	}
}

func TestWhatIsAskedDuringACallLeavesTogetherAsTheNextOne(t *testing.T) {
	client, gate := merging(t, questiontopic.Merging{Texts: 3})
	asked := []<-chan error{busy(t, client, gate)}
	for i := range 5 {
		asked = append(asked, ask(t.Context(), client, fmt.Sprint("question ", i)))
		waitFor(t, client, i+1)
	}
	close(gate.open)
	for _, ended := range asked {
		expect(t, ended, codes.OK)
	}
	for _, want := range []string{"question 0 question 1 question 2", "question 3 question 4"} {
		if got := strings.Join((<-gate.calls).request.GetTexts(), " "); got != want {
			t.Errorf("got a call of %q, want %q", got, want)
		}
	}
	want := questiontopic.MergingStats{Calls: 3, Texts: 6}
	if got := client.MergingStats(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestACallerThatLeavesTakesItsQuestionAlongAndHarmsNobody(t *testing.T) {
	client, gate := merging(t, questiontopic.Merging{})
	first := busy(t, client, gate)
	ctx, leave := context.WithCancel(t.Context())
	leaves, stays := ask(ctx, client, "leaves"), ask(t.Context(), client, "stays")
	waitFor(t, client, 2)
	leave()
	expect(t, leaves, codes.Canceled)
	close(gate.open)
	expect(t, first, codes.OK)
	expect(t, stays, codes.OK)
	if got := (<-gate.calls).request.GetTexts(); !slices.Equal(got, []string{"stays"}) {
		t.Errorf("the call has %q", got)
	}
}

func TestACallLastsUntilItsLatestDeadlineAndEachCallerUntilItsOwn(t *testing.T) {
	client, gate := merging(t, questiontopic.Merging{})
	first := busy(t, client, gate)
	early, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	late, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	leaves, stays := ask(early, client, "leaves"), ask(late, client, "stays")
	waitFor(t, client, 2)
	gate.open <- struct{}{}
	expect(t, first, codes.OK)
	merged := <-gate.calls
	deadline, _ := merged.ctx.Deadline()
	if remaining := time.Until(deadline); len(merged.request.GetTexts()) != 2 || remaining < 30*time.Second {
		t.Errorf("a call of %q with %v until its deadline", merged.request.GetTexts(), remaining)
	}
	expect(t, leaves, codes.DeadlineExceeded)
	close(gate.open)
	expect(t, stays, codes.OK)
}

func TestACallThatNobodyWaitsForIsCancelled(t *testing.T) {
	client, gate := merging(t, questiontopic.Merging{})
	first := busy(t, client, gate)
	ctx, leave := context.WithCancel(t.Context())
	one, other := ask(ctx, client, "one"), ask(ctx, client, "other")
	waitFor(t, client, 2)
	gate.open <- struct{}{}
	expect(t, first, codes.OK)
	merged := <-gate.calls
	leave()
	expect(t, one, codes.Canceled)
	expect(t, other, codes.Canceled)
	<-merged.ctx.Done()
}

func TestATextThatIsRefusedFailsItsOwnCallerOnly(t *testing.T) {
	client, gate := merging(t, questiontopic.Merging{})
	first := busy(t, client, gate)
	good := ask(t.Context(), client, "good")
	waitFor(t, client, 1)
	refused := make(chan error, 1)
	go func() {
		_, err := client.Predict(t.Context(), coarse, "fine", "bad")
		refused <- err
	}()
	waitFor(t, client, 3)
	last := ask(t.Context(), client, "last")
	waitFor(t, client, 4)
	close(gate.open)
	for _, ended := range []<-chan error{first, good, last} {
		expect(t, ended, codes.OK)
	}
	err := <-refused
	violations := questiontopic.FieldViolations(err)
	if status.Code(err) != codes.InvalidArgument || len(violations) != 1 || violations[0].GetField() != "texts[1]" ||
		violations[0].GetDescription() != "must not be bad" {
		t.Errorf("got %v", err)
	}
	<-gate.calls // All four.
	if got := (<-gate.calls).request.GetTexts(); !slices.Equal(got, []string{"good", "last"}) {
		t.Errorf("asked again: %q", got)
	}
}

func TestCloseAnswersEverybody(t *testing.T) {
	client, gate := merging(t, questiontopic.Merging{})
	asked := []<-chan error{busy(t, client, gate), ask(t.Context(), client, "waits")}
	waitFor(t, client, 1)
	_ = client.Close()
	for _, ended := range append(asked, ask(t.Context(), client, "late")) {
		expect(t, ended, codes.Canceled)
	}
}

func TestMoreTextsThanMayWaitAreRefusedAtOnce(t *testing.T) {
	client, gate := merging(t, questiontopic.Merging{Waiting: 2})
	asked := []<-chan error{busy(t, client, gate), ask(t.Context(), client, "one"), ask(t.Context(), client, "other")}
	waitFor(t, client, 2)
	expect(t, ask(t.Context(), client, "too many"), codes.ResourceExhausted)
	close(gate.open)
	for _, ended := range asked {
		expect(t, ended, codes.OK)
	}
}
