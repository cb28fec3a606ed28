package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// send sends a request and returns the response with its body, which is read.
func send(t *testing.T, method, url, contentType string, body io.Reader) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(read)
}

// failure is the JSON of a failed request, as a caller reads it.
type failure struct {
	Code, Message string
	Fields        []field
}

func readFailure(t *testing.T, response *http.Response, body string) failure {
	t.Helper()
	var found failure
	if err := json.Unmarshal([]byte(body), &found); err != nil ||
		response.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got %s and %q, want JSON: %v", response.Header.Get("Content-Type"), body, err)
	}
	return found
}

func TestTheOriginalsJSONIsAnswered(t *testing.T) {
	gateway := start(t, newBackend(t, topictest.Answer))
	const texts = `["<b>Where</b> do you work now?","What is your salary?"]`
	for _, contentType := range []string{"application/json", "application/x-www-form-urlencoded", ""} {
		response, body := send(t, http.MethodPost, gateway.url+"/predict_topic", contentType,
			strings.NewReader(`{"rawtext_list": `+texts+`}`))
		var got struct {
			Input  []string
			Output []map[string]float64
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("got %s and %s: %v", response.Status, body, err)
		}
		if want := []string{"<b>Where</b> do you work now?", "What is your salary?"}; !reflect.DeepEqual(got.Input, want) {
			t.Errorf("got the input %q, want %q", got.Input, want)
		}
		want := []map[string]float64{{"HUM": 0.75, "NUM": 0.25}, {"HUM": 0.25, "NUM": 0.75}}
		if !reflect.DeepEqual(got.Output, want) {
			t.Errorf("got the output %v, want %v", got.Output, want)
		}
	}
}

func TestTheScoreNoneOfTheseIsInEveryKindOfJSON(t *testing.T) {
	scored := questiontopictest.WithNoneOfThese(map[string]float32{"many thank": 0.9375}, topictest.Answer)
	for name, c := range map[string]struct {
		predict     questiontopictest.Predict
		plain, full string
	}{
		"scored":  {scored, `],"none_of_these":[0,0.9375]}`, `"noneOfThese":0.9375`},
		"without": {topictest.Answer, `}]}`, ""},
	} {
		gateway := start(t, newBackend(t, c.predict))
		_, plain := send(t, http.MethodPost, gateway.url+"/predict_topic", "application/json",
			strings.NewReader(`{"rawtext_list": ["Who?", "many thank"]}`))
		if !strings.HasSuffix(strings.TrimSpace(plain), c.plain) {
			t.Errorf("%s: got %s, want %s at its end", name, plain, c.plain)
		}
		_, full := send(t, http.MethodPost, gateway.url+questiontopicv1.TopicService_PredictTopic_FullMethodName,
			"application/json", strings.NewReader(`{"texts": ["many thank"]}`))
		if !strings.Contains(full, c.full) || strings.Contains(full, "noneOfThese") != (c.full != "") {
			t.Errorf("%s: got %s, want %q in it", name, full, c.full)
		}
	}
}

func TestAWrongRequestNamesItsField(t *testing.T) {
	gateway := start(t, newBackend(t, topictest.Answer))
	for body, field := range map[string]string{
		``:                                      "body",
		`{`:                                     "body",
		`{"rawtext_list": ["a"]} x`:             "body",
		`null`:                                  "body",
		`["a"]`:                                 "body",
		"{\"rawtext_list\": [\"\xff\"]}":        "body",
		`{}`:                                    "rawtext_list",
		`{"rawtext_list": null}`:                "rawtext_list",
		`{"rawtext_list": "a"}`:                 "rawtext_list",
		`{"rawtext_list": {"a": 1}}`:            "rawtext_list",
		`{"rawtext_list": ["a", 7]}`:            "rawtext_list[1]",
		`{"rawtext_list": [["a"]]}`:             "rawtext_list[0]",
		`{"rawtext_list": ["a", "b", null]}`:    "rawtext_list[2]",
		`{"RawText_List": ["a"]}`:               "RawText_List",
		`{"rawtext_list": ["a"], "level": "x"}`: "level",
		`{"rawtext_list": ["a"], "model": 7}`:   "model",
	} {
		response, got := send(t, http.MethodPost, gateway.url+"/predict_topic", "application/json", strings.NewReader(body))
		failed := readFailure(t, response, got)
		if response.StatusCode != http.StatusBadRequest || failed.Code != "invalid_argument" || len(failed.Fields) != 1 ||
			failed.Fields[0].Field != field || !strings.HasPrefix(failed.Message, field+": ") {
			t.Errorf("%s: got %s and %s, want 400 with the field %s", body, response.Status, got, field)
		}
	}
}

func TestAFailureOfTheServerIsItsHTTPStatus(t *testing.T) {
	hinted, _ := status.New(codes.ResourceExhausted, "busy").WithDetails(
		&errdetails.RetryInfo{RetryDelay: durationpb.New(1500 * time.Millisecond)})
	wrong, _ := status.New(codes.InvalidArgument, "texts[0]: wrong").WithDetails(&errdetails.BadRequest{
		FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "texts[0]", Description: "is wrong"}}})
	refusals := map[string]error{
		"busy":  hinted.Err(),
		"wrong": wrong.Err(),
		"fault": status.Error(codes.Internal, "fault"),
		"late":  status.Error(codes.DeadlineExceeded, "late"),
	}
	gateway := start(t, newBackend(t, func(
		_ context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		return nil, refusals[request.GetTexts()[0]]
	}))
	for _, c := range []struct{ text, want string }{
		{"wrong", `400  invalid_argument rawtext_list[0]: is wrong [{rawtext_list[0] is wrong}]`},
		{"fault", `500  internal fault []`},
		{"late", `504  deadline_exceeded late []`},
		{"busy", `429 2 resource_exhausted busy []`}, // Last: after it the client's throttle may hold calls back.
	} {
		response, body := send(t, http.MethodPost, gateway.url+"/predict_topic", "application/json",
			strings.NewReader(fmt.Sprintf(`{"rawtext_list": [%q]}`, c.text)))
		failed := readFailure(t, response, body)
		got := fmt.Sprint(response.StatusCode, " ", response.Header.Get("Retry-After"), " ",
			failed.Code, " ", failed.Message, " ", failed.Fields)
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.text, got, c.want)
		}
	}
}

func TestWithoutAServerTheAnswerIs503AndOnlyTheLogSaysWhy(t *testing.T) {
	address, stop, err := topictest.Start(newService(nil))
	if err != nil {
		t.Fatal(err)
	}
	stop()
	gateway := start(t, address)
	for range 2 {
		response, body := send(t, http.MethodPost, gateway.url+"/predict_topic", "application/json",
			strings.NewReader(`{"rawtext_list": ["Who?"]}`))
		failed := readFailure(t, response, body)
		if response.StatusCode != 503 || failed.Code != "unavailable" || strings.Contains(body, address) {
			t.Errorf("got %s and %s", response.Status, body)
		}
	}
	gateway.stop()
	if log := gateway.written(); strings.Count(log, "the server is away: ") != 1 ||
		!strings.Contains(log, "dial tcp "+address) {
		t.Errorf("got the log %s", log)
	}
}

func TestALargeBodyIsRefused(t *testing.T) {
	gateway := start(t, newBackend(t, topictest.Answer))
	small := start(t, newBackend(t, topictest.Answer), "--max-body", "40")
	for _, c := range []struct {
		url  string
		size int
		want int
	}{
		{gateway.url + "/predict_topic", 10_000_000, 413},
		{gateway.url + questiontopicv1.TopicService_PredictTopic_FullMethodName, 10_000_000, 413},
		{small.url + "/predict_topic", 41, 413},
		{small.url + "/predict_topic", 40, 200},
	} {
		frame := len(`{"rawtext_list": [""]}`)
		body := `{"rawtext_list": ["` + strings.Repeat("a", c.size-frame) + `"]}`
		for _, known := range []bool{true, false} { // The length, in the header Content-Length.
			if !known && strings.Contains(c.url, "TopicService") {
				continue // Connect itself refuses it.
			}
			var source io.Reader = strings.NewReader(body)
			if !known {
				source = io.MultiReader(source)
			}
			response, got := send(t, http.MethodPost, c.url, "application/json", source)
			if response.StatusCode != c.want {
				t.Errorf("%d bytes for %s: got %s and %.200s, want %d", c.size, c.url, response.Status, got, c.want)
			}
			if c.want == 413 && !strings.Contains(readFailure(t, response, got).Message, "bytes") {
				t.Errorf("got %s", got)
			}
		}
	}
}

func TestAnotherMethodOrPathIsRefused(t *testing.T) {
	gateway := start(t, newBackend(t, topictest.Answer))
	for request, want := range map[string]string{
		"GET /predict_topic":                              "405 POST",
		"DELETE /predict_topic":                           "405 POST",
		"GET /questiontopic.v1.TopicService/PredictTopic": "405 POST",
		"POST /":               "405 GET, HEAD",
		"POST /predict_topics": "404 ",
		"GET /nothing":         "404 ",
		"GET /page/":           "404 ",
	} {
		method, path, _ := strings.Cut(request, " ")
		response, _ := send(t, method, gateway.url+path, "application/json", nil)
		if got := fmt.Sprint(response.StatusCode, " ", response.Header.Get("Allow")); got != want {
			t.Errorf("%s: got %s, want %s", request, got, want)
		}
	}
}

func TestARealServerAnswersAndNamesTheFieldsOfTheOriginalsJSON(t *testing.T) {
	gateway := start(t, topictest.StartProcess(t).Address)
	url := gateway.url + "/predict_topic"
	response, body := send(t, http.MethodPost, url, "",
		strings.NewReader(`{"rawtext_list":["Where do you work now?","What is your salary?"]}`))
	var got predictions
	if err := json.Unmarshal([]byte(body), &got); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("got %s and %s: %v", response.Status, body, err)
	}
	for topic, confidence := range got.Output[1] {
		if topic != "NUM" && confidence >= got.Output[1]["NUM"] {
			t.Errorf("got %v, want NUM on top", got.Output[1])
		}
	}
	if len(got.Output[0]) != 6 {
		t.Errorf("got %v, want six topics", got.Output[0])
	}
	for field, texts := range map[string][]string{
		"rawtext_list":    make([]string, 513),
		"rawtext_list[1]": {"Who?", strings.Repeat("x", 2001)},
		"rawtext_list[0]": {" "},
	} {
		sent, _ := json.Marshal(map[string]any{"rawtext_list": texts})
		response, body := send(t, http.MethodPost, url, "application/json", strings.NewReader(string(sent)))
		failed := readFailure(t, response, body)
		if response.StatusCode != 400 || len(failed.Fields) != 1 || failed.Fields[0].Field != field {
			t.Errorf("%s: got %s and %s", field, response.Status, body)
		}
	}
}
