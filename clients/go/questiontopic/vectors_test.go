package questiontopic_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// vector is one call and its expected result. All clients use the same files.
type vector struct {
	Name    string `json:"name"`
	Request struct {
		Texts      vectorTexts     `json:"texts"`
		LabelLevel json.RawMessage `json:"labelLevel"`
		Model      string          `json:"model"`
	} `json:"request"`
	DeadlineMilliseconds int64 `json:"deadlineMilliseconds"`
	Expect               struct {
		Code      string          `json:"code"`
		Response  json.RawMessage `json:"response"`
		Tolerance float64         `json:"tolerance"`
		Field     string          `json:"field"`
		Reason    string          `json:"reason"`
	} `json:"expect"`
}

// vectorTexts is a list of texts. In the file, {"repeat": "a", "times": 3} is one text aaa, and {"copies": 3, "of":
// "a"} is three texts a.
type vectorTexts []string

func (v *vectorTexts) UnmarshalJSON(data []byte) error {
	var items []json.RawMessage
	if err := json.Unmarshal(data, &items); err != nil {
		return err
	}
	for _, item := range items {
		var text string
		if json.Unmarshal(item, &text) == nil {
			*v = append(*v, text)
			continue
		}
		var made struct {
			Repeat string
			Times  int
			Copies int
			Of     string
		}
		if err := json.Unmarshal(item, &made); err != nil {
			return err
		}
		if made.Copies > 0 {
			*v = append(*v, slices.Repeat([]string{made.Of}, made.Copies)...)
		} else {
			*v = append(*v, strings.Repeat(made.Repeat, made.Times))
		}
	}
	return nil
}

func TestVectorsWithTheRealServer(t *testing.T) {
	address := topictest.StartProcess(t).Address
	client := newClient(t, address)
	for _, name := range []string{"limits.json", "predictions.json"} {
		t.Run(name, func(t *testing.T) {
			for _, v := range readVectors(t, name) {
				t.Run(v.Name, func(t *testing.T) { v.check(t, client) })
			}
		})
	}
}

func readVectors(t *testing.T, name string) []vector {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "tests", "vectors", name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no vectors: %v", err)
	}
	var file struct{ Vectors []vector }
	if err := errors.Join(err, json.Unmarshal(data, &file)); err != nil {
		t.Fatal(err)
	}
	if len(file.Vectors) == 0 {
		t.Fatalf("%s has no vectors", name)
	}
	return file.Vectors
}

func (v vector) check(t *testing.T, client *questiontopic.Client) {
	request := &questiontopicv1.PredictTopicRequest{Texts: v.Request.Texts, Model: v.Request.Model}
	if level := v.Request.LabelLevel; level != nil {
		var typed questiontopicv1.PredictTopicRequest
		if err := protojson.Unmarshal([]byte(`{"labelLevel":`+string(level)+`}`), &typed); err != nil {
			t.Fatal(err)
		}
		request.LabelLevel = typed.GetLabelLevel()
	}
	ctx := t.Context()
	if v.DeadlineMilliseconds > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(v.DeadlineMilliseconds)*time.Millisecond)
		defer cancel()
	}
	response, err := client.PredictTopic(ctx, request)
	if got := code.Code(status.Code(err)).String(); got != v.Expect.Code {
		t.Fatalf("got %s (%v), want %s", got, err, v.Expect.Code)
	}
	if v.Expect.Field != "" {
		violations := questiontopic.FieldViolations(err)
		if len(violations) == 0 || violations[0].GetField() != v.Expect.Field || violations[0].GetDescription() == "" {
			t.Errorf("got the violations %v, want one of %s", violations, v.Expect.Field)
		}
	}
	if got := questiontopic.Reason(err); v.Expect.Reason != "" && got != v.Expect.Reason {
		t.Errorf("got the reason %q, want %q", got, v.Expect.Reason)
	}
	if err == nil {
		v.checkResponse(t, response)
	}
}

func (v vector) checkResponse(t *testing.T, response *questiontopicv1.PredictTopicResponse) {
	t.Helper()
	if got, want := len(response.GetPredictions()), len(v.Request.Texts); got != want {
		t.Fatalf("got %d predictions, want %d", got, want)
	}
	if v.Expect.Response == nil {
		return
	}
	var expected questiontopicv1.PredictTopicResponse
	if err := protojson.Unmarshal(v.Expect.Response, &expected); err != nil {
		t.Fatal(err)
	}
	if got, want := len(response.GetPredictions()), len(expected.GetPredictions()); got != want {
		t.Fatalf("got %d predictions, want %d", got, want)
	}
	for i, want := range expected.GetPredictions() {
		got := response.GetPredictions()[i]
		if got.GetTruncated() != want.GetTruncated() {
			t.Errorf("texts[%d]: truncated is %v, want %v", i, got.GetTruncated(), want.GetTruncated())
		}
		difference := math.Abs(float64(got.GetNoneOfThese()) - float64(want.GetNoneOfThese()))
		if (got.NoneOfThese == nil) != (want.NoneOfThese == nil) || !(difference <= v.Expect.Tolerance) {
			t.Errorf("texts[%d]: got %v, want %v", i, got, want)
		}
		checkTopics(t, got.GetCoarse(), want.GetCoarse(), v.Expect.Tolerance)
		checkTopics(t, got.GetFine(), want.GetFine(), v.Expect.Tolerance)
	}
}

func checkTopics(t *testing.T, got, want *questiontopicv1.TopicConfidences, tolerance float64) {
	t.Helper()
	if (got == nil) != (want == nil) {
		t.Fatalf("got %v, want %v", got, want)
	}
	if got == nil {
		return
	}
	if got.GetTopTopic() != want.GetTopTopic() {
		t.Errorf("got the topic %s, want %s", got.GetTopTopic(), want.GetTopTopic())
	}
	labels := slices.Sorted(maps.Keys(got.GetConfidences()))
	if wanted := slices.Sorted(maps.Keys(want.GetConfidences())); !slices.Equal(labels, wanted) {
		t.Fatalf("got the labels %v, want %v", labels, wanted)
	}
	sum := 0.0
	for _, label := range labels {
		value, wanted := float64(got.GetConfidences()[label]), float64(want.GetConfidences()[label])
		sum += value
		if !(math.Abs(value-wanted) <= tolerance) {
			t.Errorf("%s: got %v, want %v within %v", label, value, wanted, tolerance)
		}
	}
	if !(math.Abs(sum-1) <= 1e-5) {
		t.Errorf("the confidences sum to %v, want 1", sum)
	}
}
