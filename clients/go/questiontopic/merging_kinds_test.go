package questiontopic_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

func TestQuestionsOfDifferentKindsNeverShareACall(t *testing.T) {
	client, gate := merging(t, questiontopic.Merging{})
	predict := func(ctx context.Context, level questiontopicv1.LabelLevel, model string, options ...grpc.CallOption) <-chan error {
		ended := make(chan error, 1)
		go func() {
			request := &questiontopicv1.PredictTopicRequest{Texts: []string{"a"}, LabelLevel: level, Model: model}
			_, err := client.PredictTopic(ctx, request, options...)
			ended <- err
		}()
		return ended
	}
	with := func(pairs ...string) context.Context { return metadata.AppendToOutgoingContext(t.Context(), pairs...) }
	calls := []<-chan error{
		predict(t.Context(), coarse, ""),
		predict(t.Context(), fine, ""),
		predict(t.Context(), coarse, "usem3"),
		predict(with("tenant", "1"), coarse, ""),
		predict(with("tenant", "2"), coarse, ""),
		predict(with("tenant", "1", "tenant", "2"), coarse, ""),
		predict(t.Context(), coarse, "", grpc.WaitForReady(true)),
	}
	seen := map[string]bool{}
	for range calls {
		arrived := <-gate.calls
		got, _ := metadata.FromIncomingContext(arrived.ctx)
		seen[fmt.Sprint(arrived.request.GetLabelLevel(), arrived.request.GetModel(), got.Get("tenant"))] = true
		if len(arrived.request.GetTexts()) != 1 {
			t.Errorf("a call of %q", arrived.request.GetTexts())
		}
	}
	if len(seen) != len(calls)-1 { // The last differs from the first by its option only.
		t.Errorf("the server saw %v", seen)
	}
	close(gate.open)
	for _, ended := range calls {
		expect(t, ended, codes.OK)
	}
}

func TestTheDefaultLevelIsTheCoarseOne(t *testing.T) {
	client, gate := merging(t, questiontopic.Merging{})
	first := busy(t, client, gate)
	named := ask(t.Context(), client, "named")
	waitFor(t, client, 1)
	other := make(chan error, 1)
	go func() {
		_, err := client.Predict(t.Context(), 0, "default")
		other <- err
	}()
	waitFor(t, client, 2)
	close(gate.open)
	for _, ended := range []<-chan error{first, named, other} {
		expect(t, ended, codes.OK)
	}
	if got := (<-gate.calls).request; len(got.GetTexts()) != 2 || got.GetLabelLevel() != coarse {
		t.Errorf("got %v", got)
	}
}

func TestWhatTheServerMustExplainIsSentAlone(t *testing.T) {
	client, gate := merging(t, questiontopic.Merging{})
	close(gate.open)
	for name, texts := range map[string][]string{
		"no text":   {},
		"blank":     {"good", " \u00a0"},
		"too long":  {strings.Repeat("ß", 2001)},
		"too many":  strings.Fields(strings.Repeat("a ", 17)),
		"not UTF-8": {"\xff"},
	} {
		_, err := client.Predict(t.Context(), coarse, texts...)
		if name == "not UTF-8" {
			expect(t, immediately(err), codes.InvalidArgument)
			continue
		}
		expect(t, immediately(err), codes.OK)
		if got := (<-gate.calls).request.GetTexts(); len(got) != len(texts) {
			t.Errorf("%s: the server got %q", name, got)
		}
	}
	if got := client.MergingStats(); got.Calls != 0 {
		t.Errorf("merged calls: %+v", got)
	}
}

func immediately(err error) <-chan error {
	ended := make(chan error, 1)
	ended <- err
	return ended
}

// interceptor returns a dial option with an interceptor that does something after the server has answered.
func interceptor(act func()) questiontopic.Option {
	return questiontopic.WithDialOptions(grpc.WithChainUnaryInterceptor(func(
		ctx context.Context, method string, request, response any,
		connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
	) error {
		err := invoke(ctx, method, request, response, connection, options...)
		act()
		return err
	}))
}

func TestAPanicOfAnInterceptorReachesEveryCaller(t *testing.T) {
	client, gate := merging(t, questiontopic.Merging{}, interceptor(func() { panic("broken") }))
	var callers sync.WaitGroup
	for range 10 {
		callers.Go(func() {
			defer func() {
				if got := recover(); got != "broken" {
					t.Errorf("recovered %v", got)
				}
			}()
			_, _ = client.Predict(t.Context(), coarse, "a")
		})
	}
	close(gate.open)
	callers.Wait()
}

func TestAnInterceptorThatEndsItsGoroutineFailsTheCall(t *testing.T) {
	client, gate := merging(t, questiontopic.Merging{}, interceptor(runtime.Goexit))
	close(gate.open)
	for range 2 { // The second shows that the line goes on.
		expect(t, ask(t.Context(), client, "a"), codes.Internal)
	}
}

func TestAnAnswerOfTheWrongLengthIsInternal(t *testing.T) {
	address := topictest.Serve(t, &questiontopictest.Service{Predict: func(
		context.Context, *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		return &questiontopicv1.PredictTopicResponse{}, nil
	}})
	client := newClient(t, address, questiontopic.WithMerging(questiontopic.Merging{}))
	expect(t, ask(t.Context(), client, "a"), codes.Internal)
}

func TestMergingRefusesLimitsOutOfRange(t *testing.T) {
	for _, limits := range []questiontopic.Merging{{InFlight: -1}, {Texts: -1}, {Texts: 513}, {Waiting: -1}} {
		_, err := questiontopic.New("localhost:1", questiontopic.Plaintext(), questiontopic.WithMerging(limits))
		if err == nil {
			t.Errorf("%+v was accepted", limits)
		}
	}
}
