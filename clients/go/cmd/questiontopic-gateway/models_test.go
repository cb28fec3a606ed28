package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// newModel returns a server whose bundle has a name. The only topic that it knows is the name in capitals.
func newModel(name string) *questiontopictest.Service {
	model := &questiontopicv1.Model{Name: name, Version: "1.0.0"}
	topic := strings.ToUpper(name)
	service := newService(func(
		_ context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		response := &questiontopicv1.PredictTopicResponse{Model: model}
		for range request.GetTexts() {
			response.Predictions = append(response.Predictions, &questiontopicv1.Prediction{
				Coarse: &questiontopicv1.TopicConfidences{TopTopic: topic, Confidences: map[string]float32{topic: 1}}})
		}
		return response, nil
	})
	service.Description.Model, service.Description.CoarseLabels = model, []string{topic}
	return service
}

// startTwo starts a gateway before the models first, which is the default, and second.
func startTwo(t *testing.T, first, second string, arguments ...string) *process {
	t.Helper()
	return start(t, "first="+first, append([]string{"--backend", "second=" + second}, arguments...)...)
}

// wantNoModel checks the error of a call with an unknown model.
func wantNoModel(t *testing.T, protocol string, err error) {
	t.Helper()
	const want = `model: no "third" here; the models are first, second`
	if status.Code(err) != codes.NotFound || status.Convert(err).Message() != want ||
		questiontopic.Reason(err) != "MODEL_NOT_FOUND" {
		t.Errorf("%s: got %v, want NOT_FOUND with %s", protocol, err, want)
	}
}

// of names a model in a request of the texts.
func of(model string, texts ...string) *questiontopicv1.PredictTopicRequest {
	return &questiontopicv1.PredictTopicRequest{Texts: texts, Model: model}
}

// answering is the model that answers each name: the default answers if a request has none.
var answering = map[string]string{"": "first", "first": "first", "second": "second"}

func TestTheModelOfAGRPCCallDecidesWhoAnswers(t *testing.T) {
	gateway := startTwo(t, topictest.Serve(t, newModel("first")), topictest.Serve(t, newModel("second")))
	stub := questiontopicv1.NewTopicServiceClient(dial(t, gateway.address))
	large := slices.Repeat([]string{"Who?"}, 40) // It is not merged.
	for name, want := range answering {
		for _, texts := range [][]string{{"Who?"}, large} {
			answered, err := stub.PredictTopic(t.Context(), of(name, texts...))
			if got := answered.GetModel().GetName(); err != nil || got != want || len(answered.GetPredictions()) != len(texts) {
				t.Errorf("%q: %s answered %d texts, %v; want %s", name, got, len(answered.GetPredictions()), err, want)
			}
		}
		described, err := stub.DescribeModel(t.Context(), &questiontopicv1.DescribeModelRequest{Model: name})
		if got := described.GetModel().GetName(); err != nil || got != want {
			t.Errorf("%q: got the description of %q, %v; want %s", name, got, err, want)
		}
	}
	_, err := stub.PredictTopic(t.Context(), of("third", "Who?"))
	wantNoModel(t, "PredictTopic", err)
	_, err = stub.DescribeModel(t.Context(), &questiontopicv1.DescribeModelRequest{Model: "third"})
	wantNoModel(t, "DescribeModel", err)
	_, err = stub.PredictTopic(t.Context(), of(strings.Repeat("ü", 100), "Who?"))
	if want := fmt.Sprintf("no %q here", strings.Repeat("ü", 64)); !strings.Contains(fmt.Sprint(err), want) {
		t.Errorf("a long name: got %v, want its beginning", err)
	}
}

func TestTheModelOfAGRPCWebOrConnectCallDecidesWhoAnswers(t *testing.T) {
	gateway := startTwo(t, topictest.Serve(t, newModel("first")), topictest.Serve(t, newModel("second")))
	for protocol, options := range map[string][]connect.ClientOption{
		"gRPC-Web": {connect.WithGRPCWeb()}, "Connect": nil, "JSON": {connect.WithProtoJSON()},
	} {
		caller := connect.NewClient[questiontopicv1.PredictTopicRequest, questiontopicv1.PredictTopicResponse](
			http.DefaultClient, gateway.url+questiontopicv1.TopicService_PredictTopic_FullMethodName, options...)
		for name, want := range answering {
			answered, err := caller.CallUnary(t.Context(), connect.NewRequest(of(name, "Who?")))
			if err != nil || answered.Msg.GetModel().GetName() != want {
				t.Errorf("%s, %q: got %v, %v; want %s", protocol, name, answered, err, want)
			}
		}
		if _, err := caller.CallUnary(t.Context(), connect.NewRequest(of("third", "Who?"))); connect.CodeOf(err) != connect.CodeNotFound {
			t.Errorf("%s: got %v, want NOT_FOUND", protocol, err)
		}
	}
}

func TestTheModelOfTheOriginalsJSONDecidesWhoAnswers(t *testing.T) {
	gateway := startTwo(t, topictest.Serve(t, newModel("first")), topictest.Serve(t, newModel("second")))
	post := func(model string) (*http.Response, string) {
		return send(t, http.MethodPost, gateway.url+jsonPath, "", strings.NewReader(`{"rawtext_list": ["Who?"]`+model+`}`))
	}
	for model, want := range map[string]string{
		``: "FIRST", `, "model": ""`: "FIRST", `, "model": "first"`: "FIRST", `, "model": "second"`: "SECOND",
	} {
		response, body := post(model)
		var got predictions
		if err := json.Unmarshal([]byte(body), &got); err != nil || response.StatusCode != http.StatusOK || got.Output[0][want] != 1 {
			t.Errorf("%s: got %s and %s, want %s", model, response.Status, body, want)
		}
	}
	response, body := post(`, "model": "third"`)
	failed := readFailure(t, response, body)
	if response.StatusCode != http.StatusNotFound || failed.Code != "not_found" ||
		failed.Message != `model: no "third" here; the models are first, second` {
		t.Errorf("got %s and %s", response.Status, body)
	}
}

func TestTheModelsAreListed(t *testing.T) {
	first, second := topictest.Serve(t, newModel("first")), topictest.Serve(t, newModel("second"))
	for _, c := range []struct {
		gateway *process
		want    string
	}{
		{startTwo(t, first, second), `{"models":["first","second"]}`},
		{start(t, "second="+second+",first="+first), `{"models":["second","first"]}`},
		{start(t, first), `{"models":[]}`},
	} {
		if _, got := send(t, http.MethodGet, c.gateway.url+"/models", "", nil); got != c.want+"\n" {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

func TestAServerWithoutANameIsAskedForEveryModel(t *testing.T) {
	gateway := start(t, topictest.Serve(t, newModel("first")))
	answered, err := questiontopicv1.NewTopicServiceClient(dial(t, gateway.address)).PredictTopic(t.Context(), of("other", "Who?"))
	if err != nil || answered.GetModel().GetName() != "first" {
		t.Errorf("got %v and %v: the server itself must judge the name", answered, err)
	}
}

func TestAModelGoesOnWhileTheOtherIsAway(t *testing.T) {
	for away, want := range map[string]grpc_health_v1.HealthCheckResponse_ServingStatus{
		"first":  grpc_health_v1.HealthCheckResponse_NOT_SERVING, // The default.
		"second": grpc_health_v1.HealthCheckResponse_SERVING,
	} {
		addresses := map[string]string{"first": topictest.Serve(t, newModel("first")), "second": topictest.Serve(t, newModel("second"))}
		var stop func()
		var err error
		if addresses[away], stop, err = topictest.Start(newModel(away)); err != nil {
			t.Fatal(err)
		}
		gateway := startTwo(t, addresses["first"], addresses["second"])
		stub := questiontopicv1.NewTopicServiceClient(dial(t, gateway.address))
		wantHealth(t, gateway, grpc_health_v1.HealthCheckResponse_SERVING)
		stop()
		for _, name := range slices.Sorted(maps.Keys(addresses)) {
			_, err := stub.PredictTopic(t.Context(), of(name, "Who?"))
			if want := map[bool]codes.Code{true: codes.Unavailable, false: codes.OK}[name == away]; status.Code(err) != want {
				t.Errorf("%s is away: %s answers %v, want %v", away, name, err, want)
			}
		}
		wantHealth(t, gateway, want)
		if log := gateway.written(); strings.Count(log, " is away: ") != 1 || !strings.Contains(log, "the server of "+away+" is away: ") {
			t.Errorf("%s is away: got the log\n%s", away, log)
		}
	}
}

func TestAModelThatIsFullTakesNoPlaceFromTheOther(t *testing.T) {
	const places = textsPerMergedCall + 1 // With --in-flight 1 and --max-waiting 1.
	entered, release := make(chan struct{}, places), make(chan struct{})
	slow := newModel("second")
	answer := slow.Predict
	slow.Predict = func(ctx context.Context, request *questiontopicv1.PredictTopicRequest) (*questiontopicv1.PredictTopicResponse, error) {
		entered <- struct{}{}
		<-release
		return answer(ctx, request)
	}
	gateway := startTwo(t, topictest.Serve(t, newModel("first")), topictest.Serve(t, slow), "--in-flight", "1", "--max-waiting", "1")
	stub := questiontopicv1.NewTopicServiceClient(dial(t, gateway.address))
	large := slices.Repeat([]string{"Who?"}, 40) // It is not merged, so that nothing but its place bounds it.
	answered := make(chan error, places)
	for range places {
		go func() {
			_, err := stub.PredictTopic(t.Context(), of("second", large...))
			answered <- err
		}()
	}
	for range places {
		<-entered
	}
	_, err := stub.PredictTopic(t.Context(), of("second", large...))
	if delay, _ := questiontopic.RetryDelay(err); status.Code(err) != codes.ResourceExhausted || delay != time.Second {
		t.Errorf("one too many for the full model: got %v with the hint %v, want RESOURCE_EXHAUSTED", err, delay)
	}
	if _, err := stub.PredictTopic(t.Context(), of("first", large...)); err != nil {
		t.Errorf("the other model: got %v", err)
	}
	close(release)
	for range places {
		if err := <-answered; err != nil {
			t.Errorf("got %v, want an answer", err)
		}
	}
}

func TestMetricsHaveTheModelsOfTheGatewayAndNoOtherName(t *testing.T) {
	gateway := startTwo(t, topictest.Serve(t, newModel("first")), topictest.Serve(t, newModel("second")), "--metrics-address", "127.0.0.1:0")
	stub := questiontopicv1.NewTopicServiceClient(dial(t, gateway.address))
	for _, name := range []string{"", "first", "second", "third", "fourth"} {
		_, _ = stub.PredictTopic(t.Context(), of(name, "Who?")) // The metrics have the codes.
	}
	_, text := send(t, http.MethodGet, gateway.metrics, "", nil)
	const handled = `grpc_server_handled_total{grpc_code="%s",grpc_method="PredictTopic",grpc_service="questiontopic.v1.TopicService",model="%s"} %d`
	for _, line := range []string{
		fmt.Sprintf(handled, "OK", "first", 2), fmt.Sprintf(handled, "OK", "second", 1), fmt.Sprintf(handled, "NOT_FOUND", "", 2),
		`questiontopic_merged_calls_total{model="first"} 2`, `questiontopic_merged_texts_total{model="second"} 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("the metrics lack %s:\n%s", line, text)
		}
	}
	if strings.Contains(text, "third") || strings.Contains(text, "fourth") {
		t.Errorf("a caller has added a value:\n%s", text)
	}
}
