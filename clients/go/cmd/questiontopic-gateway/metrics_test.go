package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

func TestMetricsCountTheCallsOfEveryProtocol(t *testing.T) {
	gateway := start(t, newBackend(t, topictest.Answer), "--metrics-address", "127.0.0.1:0")
	stub := questiontopicv1.NewTopicServiceClient(dial(t, gateway.address))
	if _, err := stub.PredictTopic(t.Context(), ask("Who?", "Where?")); err != nil {
		t.Fatal(err)
	}
	send(t, http.MethodPost, gateway.url+"/predict_topic", "application/json", strings.NewReader(`{"rawtext_list":["Who?"]}`))
	_, described := send(t, http.MethodPost, gateway.url+questiontopicv1.TopicService_DescribeModel_FullMethodName,
		"application/json", strings.NewReader(`{}`))
	if !strings.Contains(described, `"name":"test"`) {
		t.Errorf("got %s", described)
	}
	_, text := send(t, http.MethodGet, gateway.metrics, "", nil)
	const service = `grpc_service="questiontopic.v1.TopicService"`
	for _, line := range []string{
		`grpc_server_handled_total{grpc_code="OK",grpc_method="PredictTopic",` + service + `,model=""} 2`,
		`grpc_server_handled_total{grpc_code="OK",grpc_method="DescribeModel",` + service + `,model=""} 1`,
		`grpc_server_handling_seconds_count{grpc_method="PredictTopic",` + service + `,model=""} 2`,
		`questiontopic_merged_calls_total{model=""} 2`,
		`questiontopic_merged_texts_total{model=""} 3`,
		`questiontopic_waiting_texts{model=""} 0`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("the metrics lack %s:\n%s", line, text)
		}
	}
	if response, _ := send(t, http.MethodGet, gateway.url+"/metrics", "", nil); response.StatusCode != http.StatusNotFound {
		t.Errorf("on the callers' port: got %s, want 404", response.Status)
	}
}
