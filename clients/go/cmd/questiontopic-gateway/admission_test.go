package main

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

func TestMoreCallsThanTheGatewayAdmitsAreRefusedInTheirProtocolWithAHint(t *testing.T) {
	const limit = 1*textsPerMergedCall + 1
	entered, release := make(chan struct{}, limit+1), make(chan struct{})
	gateway := start(t, newBackend(t, func(
		ctx context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		entered <- struct{}{}
		select {
		case <-release:
		case <-ctx.Done():
		}
		return topictest.Answer(ctx, request)
	}), "--in-flight", "1", "--max-waiting", "1", "--timeout", "60", "--metrics-address", "127.0.0.1:0")
	large := strings.Split(strings.Repeat("Who?,", 19)+"Who?", ",") // Too large to be merged.
	answered := make(chan error, limit)
	stub := questiontopicv1.NewTopicServiceClient(dial(t, gateway.address))
	for range limit {
		go func() {
			_, err := stub.PredictTopic(t.Context(), ask(large...))
			answered <- err
		}()
	}
	for range limit {
		<-entered
	}
	other := questiontopicv1.NewTopicServiceClient(dial(t, gateway.address))
	for _, texts := range [][]string{{"Who?"}, large} {
		_, err := other.PredictTopic(t.Context(), ask(texts...))
		if delay, _ := questiontopic.RetryDelay(err); status.Code(err) != codes.ResourceExhausted || delay != pauseWhenFull {
			t.Errorf("%d texts: got %v, want RESOURCE_EXHAUSTED with a hint", len(texts), err)
		}
	}
	for path, body := range map[string]string{
		jsonPath: `{"rawtext_list": ["Who?"]}`,
		questiontopicv1.TopicService_PredictTopic_FullMethodName: `{"texts": ["Who?"]}`,
	} {
		response, got := send(t, http.MethodPost, gateway.url+path, "application/json", strings.NewReader(body))
		failed := readFailure(t, response, got)
		if response.StatusCode != 429 || failed.Code != "resource_exhausted" || response.Header.Get("Retry-After") != "1" {
			t.Errorf("%s: got %s and %s", path, response.Status, got)
		}
	}
	if _, err := other.DescribeModel(t.Context(), &questiontopicv1.DescribeModelRequest{}); err != nil {
		t.Errorf("another method: got %v", err)
	}
	close(release)
	for range limit {
		if err := <-answered; err != nil {
			t.Errorf("an admitted call: got %v", err)
		}
	}
	if _, err := other.PredictTopic(t.Context(), ask("Who?")); err != nil {
		t.Errorf("after them: got %v", err)
	}
	_, text := send(t, http.MethodGet, gateway.metrics, "", nil)
	if want := `grpc_code="RESOURCE_EXHAUSTED",grpc_method="PredictTopic",grpc_service="questiontopic.v1.TopicService",model=""} 4`; !strings.Contains(text, want) {
		t.Errorf("got %s, want %s", text, want)
	}
}
