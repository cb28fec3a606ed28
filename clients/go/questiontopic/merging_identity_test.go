package questiontopic_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopictest"
)

// identified returns the context of a caller with a request id and a trace context of its own.
func identified(t *testing.T, number int) context.Context {
	return metadata.AppendToOutgoingContext(t.Context(),
		"x-request-id", fmt.Sprint("id", number), "traceparent", traceparent(number), "tracestate", fmt.Sprintf("vendor=%d", number))
}

func traceparent(number int) string {
	return fmt.Sprintf("00-%032x-%016x-01", number, number)
}

// received checks the values that the server got for a key.
func received(t *testing.T, call arrived, key string, want ...string) {
	t.Helper()
	md, _ := metadata.FromIncomingContext(call.ctx)
	if got := md.Get(key); !slices.Equal(got, want) {
		t.Errorf("%s of %q: got %q, want %q", key, call.request.GetTexts(), got, want)
	}
}

func TestRequestIDsAndTraceContextsDoNotDivideCalls(t *testing.T) {
	client, gate := merging(t, questiontopic.Merging{})
	asked := []<-chan error{ask(identified(t, 1), client, "alone")}
	alone := <-gate.calls
	for number, ctx := range []context.Context{
		identified(t, 2),
		t.Context(),
		metadata.AppendToOutgoingContext(t.Context(), "x-request-id", "id3", "x-request-id", "id3b"),
		identified(t, 2),
		identified(t, 4),
	} {
		asked = append(asked, ask(ctx, client, "shared"))
		waitFor(t, client, number+1)
	}
	close(gate.open)
	for _, ended := range asked {
		expect(t, ended, codes.OK)
	}

	received(t, alone, "x-request-id", "id1")
	received(t, alone, "traceparent", traceparent(1))
	received(t, alone, "tracestate", "vendor=1")
	shared := <-gate.calls
	received(t, shared, "x-request-id", "id2", "id3", "id3b", "id4")
	received(t, shared, "traceparent", traceparent(2))
	received(t, shared, "tracestate")
}

func TestQuestionsThatAreAskedAgainKeepTheirRequestIDs(t *testing.T) {
	client, gate := merging(t, questiontopic.Merging{})
	first := busy(t, client, gate)
	bad := ask(identified(t, 1), client, "bad")
	waitFor(t, client, 1)
	good := ask(identified(t, 2), client, "good")
	waitFor(t, client, 2)
	close(gate.open)
	expect(t, first, codes.OK)
	expect(t, bad, codes.InvalidArgument)
	expect(t, good, codes.OK)
	received(t, <-gate.calls, "x-request-id", "id1", "id2")
	again := <-gate.calls
	received(t, again, "x-request-id", "id2")
	received(t, again, "tracestate", "vendor=2")
}

func TestASharedCallNamesThirtyTwoCallersAtMost(t *testing.T) {
	client, gate := merging(t, questiontopic.Merging{Texts: 64})
	asked := []<-chan error{busy(t, client, gate)}
	var ids []string
	for number := range 33 {
		asked = append(asked, ask(identified(t, number), client, "shared"))
		waitFor(t, client, number+1)
		ids = append(ids, fmt.Sprint("id", number))
	}
	close(gate.open)
	for _, ended := range asked {
		expect(t, ended, codes.OK)
	}
	received(t, <-gate.calls, "x-request-id", ids[:32]...)
}

// The server reads 8 KiB of metadata, and gRPC sends printable ASCII only.
func TestNobodysRequestIDFailsTheCallOfOthers(t *testing.T) {
	gate := newGate()
	address := topictest.Serve(t, &questiontopictest.Service{Predict: gate.predict}, grpc.MaxHeaderListSize(8<<10))
	client := newClient(t, address, questiontopic.WithMerging(questiontopic.Merging{InFlight: 1, Texts: 64}))
	asked := []<-chan error{busy(t, client, gate)}
	common := metadata.AppendToOutgoingContext(t.Context(), "tenant", strings.Repeat("t", 1000))
	asked = append(asked, ask(common, client, "first of its tenant"))
	<-gate.calls
	waits := 0
	join := func(id string) {
		ctx := metadata.AppendToOutgoingContext(common, "x-request-id", id, "traceparent", traceparent(waits))
		asked = append(asked, ask(ctx, client, "shared"))
		waits++
		waitFor(t, client, waits)
	}
	for _, id := range []string{strings.Repeat("i", 129), strings.Repeat("i", 5000), "not\nprintable", "ü", ""} {
		join(id)
	}
	for number := range 40 {
		join(fmt.Sprintf("%0128d", number))
	}
	close(gate.open)
	for _, ended := range asked {
		expect(t, ended, codes.OK)
	}
	md, _ := metadata.FromIncomingContext((<-gate.calls).ctx)
	if ids := md.Get("x-request-id"); len(ids) < 10 || ids[0] != fmt.Sprintf("%0128d", 0) {
		t.Errorf("got the request ids %q", ids)
	}
}
