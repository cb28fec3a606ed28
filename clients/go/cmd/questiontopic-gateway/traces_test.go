package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc/metadata"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

const waitName = "questiontopic.wait"

func isLinked(span, other *otlp.Span) bool {
	return slices.ContainsFunc(span.GetLinks(), func(link *otlp.Span_Link) bool {
		return string(link.GetSpanId()) == string(other.GetSpanId()) && string(link.GetTraceId()) == string(other.GetTraceId())
	})
}

// heldBackend is a server that sends the metadata of each call, and answers when the test lets it go.
func heldBackend(t *testing.T) (address string, calls chan metadata.MD, open chan struct{}) {
	calls, open = make(chan metadata.MD, 100), make(chan struct{})
	return newBackend(t, func(
		ctx context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		md, _ := metadata.FromIncomingContext(ctx)
		calls <- md
		<-open
		return topictest.Answer(ctx, request)
	}), calls, open
}

// waitFor returns when so many texts wait in the gateway.
func waitFor(t *testing.T, gateway *process, texts int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		_, text := send(t, http.MethodGet, gateway.metrics, "", nil)
		if strings.Contains(text, fmt.Sprintf("\nquestiontopic_waiting_texts{model=\"\"} %d\n", texts)) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("there are never %d texts that wait:\n%s", texts, text)
		}
	}
}

// askTraced asks one question as a caller with a request id and a trace of its own.
func askTraced(t *testing.T, stub questiontopicv1.TopicServiceClient, id, trace string) <-chan error {
	ended := make(chan error, 1)
	go func() {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "x-request-id", id,
			"traceparent", "00-"+trace+"-00f067aa0ba902b7-01", "tracestate", "vendor=1")
		_, err := stub.PredictTopic(ctx, ask("Who?"))
		ended <- err
	}()
	return ended
}

var traceIDs = []string{strings.Repeat("1", 32), strings.Repeat("2", 32), strings.Repeat("3", 32)}

// askTogether makes a call of one caller, and then one of two callers.
func askTogether(t *testing.T, gateway *process, calls chan metadata.MD, open chan struct{}) (shared metadata.MD) {
	t.Helper()
	stub := questiontopicv1.NewTopicServiceClient(dial(t, gateway.address))
	asked := []<-chan error{askTraced(t, stub, "id0", traceIDs[0])}
	<-calls
	for i := 1; i < len(traceIDs); i++ {
		asked = append(asked, askTraced(t, stub, fmt.Sprint("id", i), traceIDs[i]))
		waitFor(t, gateway, i)
	}
	close(open)
	for _, ended := range asked {
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
	shared = <-calls
	if got := shared.Get("x-request-id"); !slices.Equal(got, []string{"id1", "id2"}) {
		t.Errorf("the server got the request ids %q", got)
	}
	return shared
}

func TestTheTraceOfEachCallerShowsTheCallThatItShares(t *testing.T) {
	spans := collect(t)
	backend, calls, open := heldBackend(t)
	gateway := start(t, backend, "--traces", "yes", "--in-flight", "1", "--metrics-address", "127.0.0.1:0")
	shared := askTogether(t, gateway, calls, open)
	gateway.stop() // It sends the last spans.

	call := spans.find(t, "questiontopic.v1.TopicService/PredictTopic", traceIDs[1])
	want := fmt.Sprintf("00-%x-%x-01", call.GetTraceId(), call.GetSpanId())
	if got := shared.Get("traceparent"); !slices.Equal(got, []string{want}) {
		t.Errorf("the server got the traceparent %q, want %q", got, want)
	}
	for _, trace := range traceIDs[1:] {
		wait := spans.find(t, waitName, trace)
		server := spans.find(t, "POST /questiontopic.v1.TopicService/PredictTopic", trace)
		if string(wait.GetParentSpanId()) != string(server.GetSpanId()) || server.GetKind() != otlp.Span_SPAN_KIND_SERVER {
			t.Errorf("the wait of %s is not below the span of its request, %v", trace, server)
		}
		if fmt.Sprintf("%x", server.GetParentSpanId()) != "00f067aa0ba902b7" {
			t.Errorf("the request is not below the caller's span: %v", server)
		}
		if !isLinked(wait, call) || !isLinked(call, wait) {
			t.Errorf("%v and %v are not linked", wait, call)
		}
	}
	spans.find(t, "questiontopic.v1.TopicService/PredictTopic", traceIDs[0])
	if slices.Compact(spans.services)[0] != "questiontopic-gateway" {
		t.Errorf("got spans of %q", spans.services)
	}
}

func TestCallersWithTracesShareCallsWithoutTracesOfTheGateway(t *testing.T) {
	spans := collect(t)
	backend, calls, open := heldBackend(t)
	gateway := start(t, backend, "--in-flight", "1", "--metrics-address", "127.0.0.1:0")
	shared := askTogether(t, gateway, calls, open)
	gateway.stop()
	want := []string{"00-" + traceIDs[1] + "-00f067aa0ba902b7-01"}
	if got := shared.Get("traceparent"); !slices.Equal(got, want) || len(shared.Get("tracestate")) > 0 {
		t.Errorf("the server got %v", shared)
	}
	if len(spans.spans) > 0 {
		t.Errorf("got the spans %v", spans.spans)
	}
}

func TestTheVariablesOfOpenTelemetryNameTheServiceAndChooseTheTraces(t *testing.T) {
	spans := collect(t)
	t.Setenv("OTEL_SERVICE_NAME", "topics")
	t.Setenv("QUESTIONTOPIC_GATEWAY_TRACES", "yes")
	backend, calls, open := heldBackend(t)
	close(open)
	for sampler, flags := range map[string]string{"always_off": "00", "always_on": "01"} {
		t.Setenv("OTEL_TRACES_SAMPLER", sampler)
		gateway := start(t, backend)
		stub := questiontopicv1.NewTopicServiceClient(dial(t, gateway.address))
		if err := <-askTraced(t, stub, "id", traceIDs[0]); err != nil {
			t.Fatal(err)
		}
		if got := (<-calls).Get("traceparent"); len(got) != 1 || !strings.HasPrefix(got[0], "00-"+traceIDs[0]) ||
			!strings.HasSuffix(got[0], "-"+flags) {
			t.Errorf("%s: the server got the traceparent %q", sampler, got)
		}
		gateway.stop()
	}
	spans.find(t, waitName, "")
	if slices.Compact(spans.services)[0] != "topics" {
		t.Errorf("got spans of %q", spans.services)
	}
}

func TestTracesOfCallersAreNotContinuedIfTheirHeaderIsNotForwarded(t *testing.T) {
	spans := collect(t)
	gateway := start(t, newBackend(t, topictest.Answer), "--traces", "yes", "--forward", "x-request-id")
	stub := questiontopicv1.NewTopicServiceClient(dial(t, gateway.address))
	if err := <-askTraced(t, stub, "id", traceIDs[0]); err != nil {
		t.Fatal(err)
	}
	gateway.stop()
	if wait := spans.find(t, waitName, ""); fmt.Sprintf("%x", wait.GetTraceId()) == traceIDs[0] {
		t.Errorf("the gateway has gone on with the trace of the caller")
	}
}

func TestACollectorThatIsAwayDelaysTheEndByTwoSecondsAtMost(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // Accepts connections and never answers.
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+listener.Addr().String())
	gateway := start(t, newBackend(t, topictest.Answer), "--traces", "yes")
	stub := questiontopicv1.NewTopicServiceClient(dial(t, gateway.address))
	if err := <-askTraced(t, stub, "id", traceIDs[0]); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if code := gateway.stop(); code != 0 || time.Since(began) > 8*time.Second {
		t.Errorf("the gateway ended with exit code %d after %v", code, time.Since(began))
	}
	if !strings.Contains(gateway.written(), "the last spans did not reach the collector: ") {
		t.Errorf("got the log %s", gateway.written())
	}
}
