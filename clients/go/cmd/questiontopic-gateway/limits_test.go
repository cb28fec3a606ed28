package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

func TestARequestOfTooManyHeadersIsRefused(t *testing.T) {
	gateway := start(t, newBackend(t, topictest.Answer))
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, gateway.url+"/", nil)
	request.Header.Set("X-Large", strings.Repeat("x", 32<<10))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %s, want 431", response.Status)
	}
}

func TestAMessageBeyondTheLimitIsRefusedInGRPC(t *testing.T) {
	gateway := start(t, newBackend(t, topictest.Answer), "--max-body", "1000")
	stub := questiontopicv1.NewTopicServiceClient(dial(t, gateway.address))
	if _, err := stub.PredictTopic(t.Context(), ask(strings.Repeat("x", 990))); err != nil {
		t.Errorf("at the limit: got %v", err)
	}
	if _, err := stub.PredictTopic(t.Context(), ask(strings.Repeat("x", 1000))); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("past the limit: got %v, want RESOURCE_EXHAUSTED", err)
	}
}

func TestMoreCallsOfAConnectionThanItsLimitWaitInTheCaller(t *testing.T) {
	entered, release := make(chan struct{}, maxStreams), make(chan struct{})
	gateway := start(t, newBackend(t, func(
		ctx context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		entered <- struct{}{}
		<-release
		return topictest.Answer(ctx, request)
	}), "--in-flight", "1", "--max-waiting", "63", "--metrics-address", "127.0.0.1:0")
	full := questiontopicv1.NewTopicServiceClient(dial(t, gateway.address))
	answered := make(chan error, maxStreams)
	question := func() {
		_, err := full.PredictTopic(t.Context(), ask("Who?"))
		answered <- err
	}
	go question()
	<-entered
	for range maxStreams - 1 {
		go question()
	}
	shortly := func(stub questiontopicv1.TopicServiceClient) codes.Code {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		_, err := stub.PredictTopic(ctx, ask("Who?"))
		return status.Code(err)
	}
	other := questiontopicv1.NewTopicServiceClient(dial(t, gateway.address))
	for arrived := false; !arrived; { // All but the first, which is under way, wait.
		_, text := send(t, http.MethodGet, gateway.metrics, "", nil)
		arrived = strings.Contains(text, `questiontopic_waiting_texts{model=""} 63`)
	}
	if got := shortly(other); got != codes.ResourceExhausted {
		t.Errorf("another connection: got %v, want RESOURCE_EXHAUSTED", got)
	}
	if got := shortly(full); got != codes.DeadlineExceeded {
		t.Errorf("got %v, want DEADLINE_EXCEEDED: the call must not reach the gateway", got)
	}
	close(release)
	for range maxStreams {
		if err := <-answered; err != nil {
			t.Errorf("got %v, want an answer", err)
		}
	}
}
