package questiontopic_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	otelcodes "go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

const (
	waitName = "questiontopic.wait"
	callName = "questiontopic.v1.TopicService/PredictTopic"
)

// recorder keeps the spans that have ended.
type recorder struct {
	memory   *tracetest.InMemoryExporter
	provider *sdk.TracerProvider
}

func newRecorder(options ...sdk.TracerProviderOption) recorder {
	memory := tracetest.NewInMemoryExporter()
	return recorder{memory, sdk.NewTracerProvider(append(options, sdk.WithSyncer(memory))...)}
}

// caller returns a context with a span, which starts a trace.
func (r recorder) caller(t *testing.T, parent context.Context, name string) context.Context {
	t.Helper()
	ctx, span := r.provider.Tracer("test").Start(parent, name)
	t.Cleanup(func() { span.End() })
	return ctx
}

// named returns the spans with a name, in the order in which they ended.
func (r recorder) named(name string) (found []tracetest.SpanStub) {
	for _, span := range r.memory.GetSpans() {
		if span.Name == name {
			found = append(found, span)
		}
	}
	return found
}

func header(span trace.SpanContext) string {
	return fmt.Sprintf("00-%s-%s-%s", span.TraceID(), span.SpanID(), span.TraceFlags())
}

func isChildOf(t *testing.T, child tracetest.SpanStub, parent trace.SpanContext) {
	t.Helper()
	if child.Parent.SpanID() != parent.SpanID() || child.SpanContext.TraceID() != parent.TraceID() {
		t.Errorf("%s has the parent %v, want %v", child.Name, child.Parent, parent)
	}
}

func isLinkedTo(t *testing.T, span tracetest.SpanStub, others ...tracetest.SpanStub) {
	t.Helper()
	for _, other := range others {
		if !slices.ContainsFunc(span.Links, func(link sdk.Link) bool { return link.SpanContext.Equal(other.SpanContext) }) {
			t.Errorf("%s has no link to %s", span.Name, other.Name)
		}
	}
	if len(span.Links) != len(others) {
		t.Errorf("%s has %d links, want %d", span.Name, len(span.Links), len(others))
	}
}

func ended(t *testing.T, span tracetest.SpanStub, code string, status otelcodes.Code) {
	t.Helper()
	has := slices.Contains(span.Attributes, attribute.String("rpc.response.status_code", code))
	if !has || span.Status.Code != status {
		t.Errorf("%s ended with %v and %v, want %s", span.Name, span.Status, span.Attributes, code)
	}
}

func TestASharedCallIsASpanThatIsLinkedWithTheWaitOfEachCaller(t *testing.T) {
	recorder := newRecorder()
	client, gate := merging(t, questiontopic.Merging{})
	asked := []<-chan error{busy(t, client, gate)}
	callers := []context.Context{
		recorder.caller(t, identified(t, 1), "one"), recorder.caller(t, identified(t, 2), "other"), identified(t, 3)}
	for number, ctx := range callers {
		asked = append(asked, ask(ctx, client, fmt.Sprint("text", number)))
		waitFor(t, client, number+1)
	}
	close(gate.open)
	for _, answered := range asked {
		expect(t, answered, codes.OK)
	}

	waits, calls := recorder.named(waitName), recorder.named(callName)
	if len(waits) != 2 || len(calls) != 1 {
		t.Fatalf("got the spans %v", recorder.memory.GetSpans())
	}
	for _, wait := range waits {
		isLinkedTo(t, wait, calls[0])
		ended(t, wait, "OK", otelcodes.Unset)
		if !slices.Contains(wait.Attributes, attribute.Int("questiontopic.texts", 1)) {
			t.Errorf("the wait has %v", wait.Attributes)
		}
	}
	slices.SortFunc(waits, func(a, b tracetest.SpanStub) int { return a.StartTime.Compare(b.StartTime) })
	isChildOf(t, waits[0], trace.SpanContextFromContext(callers[0]))
	isChildOf(t, waits[1], trace.SpanContextFromContext(callers[1]))
	isChildOf(t, calls[0], waits[0].SpanContext)
	isLinkedTo(t, calls[0], waits...)
	ended(t, calls[0], "OK", otelcodes.Unset)
	if calls[0].SpanKind != trace.SpanKindClient {
		t.Errorf("the call is of the kind %v", calls[0].SpanKind)
	}

	shared := <-gate.calls
	received(t, shared, "traceparent", header(calls[0].SpanContext))
	received(t, shared, "tracestate")
	received(t, shared, "x-request-id", "id1", "id2", "id3")
}

func TestARefusedTextIsAnErrorOfItsOwnWaitOnly(t *testing.T) {
	recorder := newRecorder()
	client, gate := merging(t, questiontopic.Merging{})
	first := busy(t, client, gate)
	bad := ask(recorder.caller(t, t.Context(), "one"), client, "bad")
	waitFor(t, client, 1)
	good := ask(recorder.caller(t, t.Context(), "other"), client, "good")
	waitFor(t, client, 2)
	close(gate.open)
	expect(t, first, codes.OK)
	expect(t, bad, codes.InvalidArgument)
	expect(t, good, codes.OK)

	calls := recorder.named(callName)
	if len(calls) != 2 {
		t.Fatalf("got the spans %v", recorder.memory.GetSpans())
	}
	ended(t, calls[0], "INVALID_ARGUMENT", otelcodes.Error)
	ended(t, calls[1], "OK", otelcodes.Unset)
	for _, wait := range recorder.named(waitName) {
		if wait.SpanContext.TraceID() == calls[0].SpanContext.TraceID() {
			ended(t, wait, "INVALID_ARGUMENT", otelcodes.Error)
			isLinkedTo(t, wait, calls[0])
		} else {
			ended(t, wait, "OK", otelcodes.Unset)
			isLinkedTo(t, wait, calls...)
		}
	}
}

func TestTheWaitOfACallerThatLeavesEndsAtOnce(t *testing.T) {
	recorder := newRecorder()
	client, gate := merging(t, questiontopic.Merging{})
	ctx, cancel := context.WithTimeout(recorder.caller(t, t.Context(), "caller"), 100*time.Millisecond)
	defer cancel()
	expect(t, ask(ctx, client, "late"), codes.DeadlineExceeded)
	waits := recorder.named(waitName)
	if len(waits) != 1 {
		t.Fatalf("got the spans %v", recorder.memory.GetSpans())
	}
	ended(t, waits[0], "DEADLINE_EXCEEDED", otelcodes.Error)
	close(gate.open)
}

func TestACallOfOneCallerIsASpanBelowThatOfTheCaller(t *testing.T) {
	recorder := newRecorder()
	gate := newGate()
	close(gate.open)
	client := newClient(t, topictest.Serve(t, &questiontopictest.Service{Predict: gate.predict}))
	caller := recorder.caller(t, t.Context(), "caller")

	expect(t, ask(caller, client, "good"), codes.OK)
	expect(t, ask(caller, client, "bad"), codes.InvalidArgument)
	if _, err := client.DescribeModel(caller, &questiontopicv1.DescribeModelRequest{}); err != nil {
		t.Fatal(err)
	}
	for answer, err := range client.PredictMany(caller, coarse, slices.Values([]string{"many"})) {
		if err != nil || answer.Text != "many" {
			t.Fatal(answer, err)
		}
	}
	calls := recorder.named(callName)
	described := recorder.named("questiontopic.v1.TopicService/DescribeModel")
	if len(calls) != 3 || len(described) != 1 {
		t.Fatalf("got the spans %v", recorder.memory.GetSpans())
	}
	ended(t, calls[0], "OK", otelcodes.Unset)
	ended(t, calls[1], "INVALID_ARGUMENT", otelcodes.Error)
	for _, call := range calls {
		isChildOf(t, call, trace.SpanContextFromContext(caller))
		received(t, <-gate.calls, "traceparent", header(call.SpanContext))
	}
	isChildOf(t, described[0], trace.SpanContextFromContext(caller))
}

func TestATraceparentOfTheCallersOwnIsLeftAlone(t *testing.T) {
	recorder := newRecorder()
	gate := newGate()
	close(gate.open)
	client := newClient(t, topictest.Serve(t, &questiontopictest.Service{Predict: gate.predict}))
	expect(t, ask(recorder.caller(t, identified(t, 7), "caller"), client, "text"), codes.OK)
	call := <-gate.calls
	received(t, call, "traceparent", traceparent(7))
	received(t, call, "tracestate", "vendor=7")
	if calls := recorder.named(callName); len(calls) != 0 {
		t.Errorf("got the spans %v", calls)
	}
}

func TestCallersWhoseTracesAreNotSampledAreToldToTheServer(t *testing.T) {
	recorder := newRecorder(sdk.WithSampler(sdk.NeverSample()))
	client, gate := merging(t, questiontopic.Merging{})
	alone, one, other := recorder.caller(t, t.Context(), "a"), recorder.caller(t, t.Context(), "b"), recorder.caller(t, t.Context(), "c")
	asked := []<-chan error{ask(alone, client, "alone")}
	received(t, <-gate.calls, "traceparent", header(trace.SpanContextFromContext(alone)))
	for number, ctx := range []context.Context{one, metadata.AppendToOutgoingContext(other, "traceparent", traceparent(7))} {
		asked = append(asked, ask(ctx, client, "shared"))
		waitFor(t, client, number+1)
	}
	close(gate.open)
	for _, answered := range asked {
		expect(t, answered, codes.OK)
	}
	received(t, <-gate.calls, "traceparent", header(trace.SpanContextFromContext(one)))

	seventeen := slices.Repeat([]string{"a"}, 17) // Too many to be merged.
	if _, err := client.Predict(one, coarse, seventeen...); err != nil {
		t.Fatal(err)
	}
	received(t, <-gate.calls, "traceparent", header(trace.SpanContextFromContext(one)))
	if spans := recorder.memory.GetSpans(); len(spans) > 0 {
		t.Errorf("got the spans %v", spans)
	}
}
