package service_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/question-topic/question-topic/clients/go/questiontopic"
	topic "github.com/question-topic/question-topic/clients/go/questiontopicv1"
	"github.com/question-topic/question-topic/server/front/internal/batcher"
	"github.com/question-topic/question-topic/server/front/internal/model"
	"github.com/question-topic/question-topic/server/front/internal/service"
)

func TestOurOwnFaultIsInternalWithARequestIDThatStandsInTheLog(t *testing.T) {
	f := serveModel(t, pets)
	_, err := f.predict(t, coarse, "broken")
	if status.Code(err) != codes.Internal || strings.Contains(fmt.Sprint(status.Convert(err).Proto()), secret) {
		t.Errorf("got %v, want INTERNAL without the cause", err)
	}
	id, log := questiontopic.RequestID(err), f.log.String()
	if reason := questiontopic.Reason(err); reason != "INTERNAL" || id == "" || !strings.Contains(err.Error(), id) {
		t.Errorf("got reason %q, request id %q in %v", reason, id, err)
	}
	if strings.Count(log, id) != 1 || !strings.Contains(log, secret) {
		t.Errorf("the log lacks %s or the cause:\n%s", id, log)
	}
	if _, err := f.predict(t, coarse, "other"); err != nil {
		t.Errorf("the next call failed: %v", err)
	}
}

func TestAnswersAreInOrderWithTheConfidencesOfTheLevel(t *testing.T) {
	f := serveModel(t, pets)
	asked := []string{"a", "long bbb", "cc"}
	for level, want := range map[topic.LabelLevel]struct{ coarse, fine bool }{
		topic.LabelLevel_LABEL_LEVEL_UNSPECIFIED: {true, false},
		coarse:                                   {true, false},
		fine:                                     {false, true},
		both:                                     {true, true},
	} {
		response, err := f.predict(t, level, asked...)
		if err != nil {
			t.Fatal(err)
		}
		named := &topic.Model{Name: "pets", Version: "1.2.3", Digest: "sha256:0"}
		if !proto.Equal(response.GetModel(), named) {
			t.Errorf("%v: got the model %v", level, response.GetModel())
		}
		if len(response.GetPredictions()) != len(asked) {
			t.Fatalf("%v: got %v", level, response.GetPredictions())
		}
		for i, each := range response.GetPredictions() {
			if (each.Coarse != nil) != want.coarse || (each.Fine != nil) != want.fine {
				t.Errorf("%v: got %v", level, each)
			}
			first := map[string]float32{"CAT": share(asked[i]), "DOG": 1 - share(asked[i])}
			if want.coarse && (each.Coarse.TopTopic != "DOG" || !maps.Equal(each.Coarse.Confidences, first)) {
				t.Errorf("%v, %s: got %v", level, asked[i], each.Coarse)
			}
			second := map[string]float32{"CAT:big": 0.25, "CAT:small": 0.75}
			if want.fine && (each.Fine.TopTopic != "CAT:small" || !maps.Equal(each.Fine.Confidences, second)) {
				t.Errorf("%v, %s: got %v", level, asked[i], each.Fine)
			}
			if each.Truncated != (i == 1) {
				t.Errorf("%v, %s: truncated is %v", level, asked[i], each.Truncated)
			}
		}
	}
}

func TestEqualConfidencesNameTheFirstLabel(t *testing.T) {
	f := serve(t)
	batches := batcher.New[model.Answer](batcher.Options{MaxBatch: 1, MaxQueue: 1, Turn: 1})
	go func() {
		_ = batches.Run(func([]string) ([]model.Answer, error) {
			return []model.Answer{{Coarse: []float32{0.5, 0.5}, Fine: []float32{0.5, 0.5}}}, nil
		})
	}()
	f.service.Start(pets, batches)
	response, err := f.predict(t, both, "x")
	if err != nil {
		t.Fatal(err)
	}
	got := response.GetPredictions()[0]
	if got.GetCoarse().GetTopTopic() != "CAT" || got.GetFine().GetTopTopic() != "CAT:big" {
		t.Errorf("got %v", got)
	}
}

func TestALevelThatTheModelDoesNotHaveIsRefused(t *testing.T) {
	without := pets
	without.Manifest.FineLabels = nil
	for _, c := range []struct {
		loaded model.Loaded
		level  topic.LabelLevel
		want   codes.Code
	}{
		{without, 0, codes.OK},
		{without, coarse, codes.OK},
		{without, fine, codes.InvalidArgument},
		{without, both, codes.InvalidArgument},
		{pets, 4, codes.InvalidArgument},
		{pets, -1, codes.InvalidArgument},
	} {
		response, err := serveModel(t, c.loaded).predict(t, c.level, "x")
		if status.Code(err) != c.want {
			t.Errorf("%v: got %v, want %v", c.level, err, c.want)
		}
		if err != nil {
			wantField(t, err, "label_level")
		} else if len(response.GetPredictions()) != 1 || response.GetPredictions()[0].Fine != nil {
			t.Errorf("%v: got %v", c.level, response)
		}
	}
}

func TestARequestPastALimitNamesTheFieldAndIsNotComputed(t *testing.T) {
	f := serveModel(t, pets)
	for name, c := range map[string]struct {
		request []byte
		field   string
	}{
		"no text":                        {nil, "texts"},
		"too many texts":                 {request(slices.Repeat([]string{"x"}, 513)...), "texts"},
		"more fields than texts":         {request(slices.Repeat([]string{"x"}, 100_000)...), "texts"},
		"too many characters":            {request("x", strings.Repeat("é", 2001)), "texts[1]"},
		"too many bytes":                 {request("x", "x", strings.Repeat("x", 8001)), "texts[2]"},
		"as large as a message can be":   {request(strings.Repeat("x", service.MaxMessageBytes-100)), "texts[0]"},
		"an empty text":                  {request("x", ""), "texts[1]"},
		"white space":                    {request(" \t\n\v\f\r\u0085\u00a0\u2003\u2028\u3000"), "texts[0]"},
		"separators, white to Python":    {request("x", "\x1c\x1d\x1e\x1f"), "texts[1]"},
		"a text that is not UTF-8":       {request("x", "x", "\xff"), "texts[2]"},
		"a surrogate":                    {request("\xed\xa0\x80"), "texts[0]"},
		"a name that is not UTF-8":       {append(request("x"), 0x1a, 1, 0xff), "model"},
		"no message":                     {[]byte("no message"), ""},
		"a text that is cut off":         {request("cut off")[:5], ""},
		"a text where the level belongs": {append(request("x"), 0x10), ""},
		"unknown fields without end":     {append(request("x"), bytes.Repeat([]byte{0x78, 0}, 1000)...), ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.predictBytes(t, c.request)
			if status.Code(err) != codes.InvalidArgument {
				t.Fatalf("got %.300v, want INVALID_ARGUMENT", err)
			}
			wantField(t, err, c.field)
		})
	}
	if computed := f.computed.String(); computed != "" {
		t.Errorf("computed %q", computed)
	}
}

func TestARequestOnALimitIsAnswered(t *testing.T) {
	f := serveModel(t, pets)
	for name, sent := range map[string][]byte{
		"most texts":                   request(slices.Repeat([]string{"x"}, 512)...),
		"most characters":              request(strings.Repeat("x", 2000)),
		"most bytes":                   request(strings.Repeat("\U0001f600", 2000)),
		"a zero":                       request("\x00"),
		"a space that has no width":    request("\u200b"),
		"fields of a newer contract":   append(request("x"), 0x78, 1, 0x82, 1, 1, 0xff),
		"the level twice":              append(request("x"), 0x10, 3, 0x10, 1),
		"texts that follow the others": append(append([]byte{0x10, 1}, request("x")...), request("y")...),
	} {
		if _, err := f.predictBytes(t, sent); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAMessageOrMetadataOfTooManyBytesExhaustsAResource(t *testing.T) {
	f := serveModel(t, pets)
	_, err := f.predictBytes(t, make([]byte, service.MaxMessageBytes+1))
	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("message: got %v, want RESOURCE_EXHAUSTED", err)
	}
	for size, want := range map[int]codes.Code{
		7 << 10: codes.OK, 9 << 10: codes.ResourceExhausted, 200 << 10: codes.ResourceExhausted,
	} {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "x-large", strings.Repeat("x", size))
		if _, err := f.PredictTopic(ctx, &topic.PredictTopicRequest{Texts: []string{"x"}}); status.Code(err) != want {
			t.Errorf("%d bytes of metadata: got %v, want %v", size, err, want)
		}
	}
}

func TestNoModelButTheLoadedOneIsServed(t *testing.T) {
	f := serveModel(t, pets)
	for name, want := range map[string]codes.Code{
		"": codes.OK, "pets": codes.OK, "Pets": codes.NotFound, strings.Repeat("é", 100_000): codes.NotFound,
	} {
		_, predicting := f.PredictTopic(t.Context(), &topic.PredictTopicRequest{Texts: []string{"x"}, Model: name})
		_, describing := f.DescribeModel(t.Context(), &topic.DescribeModelRequest{Model: name})
		for _, err := range []error{predicting, describing} {
			if status.Code(err) != want || len(fmt.Sprint(err)) > 300 {
				t.Errorf("%.20s: got %.300v, want %v", name, err, want)
			}
			if reason := questiontopic.Reason(err); (reason == "MODEL_NOT_FOUND") != (want == codes.NotFound) {
				t.Errorf("%.20s: got the reason %q", name, reason)
			}
		}
	}
}

func TestDescribeModelTellsWhatCallersMaySendAndGet(t *testing.T) {
	got, err := serveModel(t, pets).DescribeModel(t.Context(), &topic.DescribeModelRequest{})
	if err != nil {
		t.Fatal(err)
	}
	want := &topic.DescribeModelResponse{
		Model:        &topic.Model{Name: "pets", Version: "1.2.3", Digest: "sha256:0"},
		CoarseLabels: []string{"CAT", "DOG"},
		FineLabels:   []*topic.FineLabel{{Name: "CAT:big", Coarse: "CAT"}, {Name: "CAT:small", Coarse: "CAT"}},
		Limits:       &topic.Limits{MaxTexts: 512, MaxCharacters: 2000, MaxMessageBytes: 16 << 20, MaxPieces: 128},
		Languages:    []string{"en"},
		Metrics:      map[string]float64{"coarse_accuracy": 0.75},
		Runtime:      "onnxruntime",
	}
	if !proto.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestCallsAreUnavailableWhileTheModelLoads(t *testing.T) {
	f := serve(t)
	_, predicting := f.predict(t, coarse, "x")
	_, describing := f.DescribeModel(t.Context(), &topic.DescribeModelRequest{})
	for _, err := range []error{predicting, describing} {
		if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "loading") {
			t.Errorf("got %v, want UNAVAILABLE", err)
		}
	}
}

func TestADrainingServerRefusesNewCallsAndAnswersTheAcceptedOnes(t *testing.T) {
	f := serveModel(t, pets)
	answered := make(chan error)
	go func() {
		_, err := f.predict(t, coarse, "hold")
		answered <- err
	}()
	<-f.entered
	inFlight, idle := f.service.Drain()
	if inFlight != 1 || f.service.InFlight() != 1 {
		t.Errorf("%d and %d calls in flight, want 1", inFlight, f.service.InFlight())
	}
	_, err := f.predict(t, coarse, "x")
	if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "drain") {
		t.Errorf("got %v, want UNAVAILABLE", err)
	}
	select {
	case <-idle:
		t.Error("idle while a call is in flight")
	default:
	}
	close(f.release)
	if err := <-answered; err != nil {
		t.Errorf("the accepted call failed: %v", err)
	}
	<-idle
	if left := f.service.InFlight(); left != 0 {
		t.Errorf("%d calls in flight, want none", left)
	}
}

func TestAServerWithoutCallsIsDrainedAtOnce(t *testing.T) {
	inFlight, idle := serveModel(t, pets).service.Drain()
	if inFlight != 0 {
		t.Errorf("%d calls in flight, want none", inFlight)
	}
	<-idle
}

func TestAFullQueueTellsWhenToRetry(t *testing.T) {
	f := serveModel(t, pets)
	defer close(f.release)
	go func() { _, _ = f.predict(t, coarse, slices.Repeat([]string{"hold"}, 512)...) }()
	<-f.entered
	_, err := f.predict(t, coarse, slices.Repeat([]string{"x"}, 512)...)
	delay, ok := questiontopic.RetryDelay(err)
	if status.Code(err) != codes.ResourceExhausted || !ok || delay <= 0 {
		t.Errorf("got %v, retry after %v, want RESOURCE_EXHAUSTED", err, delay)
	}
}

func TestWhatCannotBeAnsweredInTimeIsRefusedBeforeItBecomesACall(t *testing.T) {
	f := serve(t)
	batches := batcher.New[model.Answer](batcher.Options{MaxBatch: 8, MaxQueue: 600, MaxCalls: 1, Turn: 16})
	go func() { _ = batches.Run(f.compute) }()
	f.service.Start(pets, batches)
	defer close(f.release)
	go func() { _, _ = f.predict(t, coarse, slices.Repeat([]string{"hold"}, 512)...) }()
	<-f.entered
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	request := &topic.PredictTopicRequest{Texts: []string{"x"}}
	_, err := f.PredictTopic(ctx, request)
	delay, ok := questiontopic.RetryDelay(err)
	if status.Code(err) != codes.ResourceExhausted || !ok || delay <= 0 {
		t.Errorf("got %v, retry after %v, want RESOURCE_EXHAUSTED", err, delay)
	}
	if len(f.statuses) > 0 {
		t.Errorf("became a call, which ended with %v", <-f.statuses)
	}
	if _, err := f.DescribeModel(ctx, &topic.DescribeModelRequest{}); err != nil {
		t.Errorf("DescribeModel: %v", err)
	}
	f.service.Drain()
	if _, err := f.PredictTopic(ctx, request); status.Code(err) != codes.Unavailable {
		t.Errorf("while draining: got %v, want UNAVAILABLE", err)
	}
}

func TestCallsAreUnavailableWhenTheModelHasEnded(t *testing.T) {
	f := serveModel(t, pets)
	for _, text := range []string{"end", "x"} {
		if _, err := f.predict(t, coarse, text); status.Code(err) != codes.Unavailable {
			t.Errorf("%s: got %v, want UNAVAILABLE", text, err)
		}
	}
}

func TestACallerThatHasGoneIsNoFaultOfOurs(t *testing.T) {
	f := serveModel(t, pets)
	defer close(f.release)
	ctx, cancel := context.WithCancel(t.Context())
	answered := make(chan error)
	go func() {
		_, err := f.PredictTopic(ctx, &topic.PredictTopicRequest{Texts: []string{"hold"}})
		answered <- err
	}()
	<-f.entered
	cancel()
	for who, err := range map[string]error{"caller": <-answered, "server": <-f.statuses} {
		if status.Code(err) != codes.Canceled {
			t.Errorf("the %s got %v, want CANCELLED", who, err)
		}
	}
	if log := f.log.String(); log != "" {
		t.Errorf("logged %s", log)
	}
}

func TestACallThatExpiresIsAnsweredAsThat(t *testing.T) {
	f := serveModel(t, pets)
	defer close(f.release)
	go func() { <-f.entered }() // Unless it has expired by then.
	ctx := metadata.AppendToOutgoingContext(t.Context(), "expire", "soon")
	_, err := f.PredictTopic(ctx, &topic.PredictTopicRequest{Texts: []string{"hold"}})
	if status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("got %v, want DEADLINE_EXCEEDED", err)
	}
	if log := f.log.String(); log != "" {
		t.Errorf("logged %s", log)
	}
}

// The front brings gzip: nothing else of this binary does.
func TestCompressedRequestsAreRead(t *testing.T) {
	f := serveModel(t, pets)
	sent := &topic.PredictTopicRequest{Texts: []string{"x", "y"}}
	response, err := f.PredictTopic(t.Context(), sent, grpc.UseCompressor("gzip"))
	if err != nil || len(response.GetPredictions()) != 2 {
		t.Errorf("got %v, %v", response, err)
	}
}

func TestOtherServicesOfTheServerReadTheirRequests(t *testing.T) {
	checks := healthpb.NewHealthClient(serve(t).connection)
	_, err := checks.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "unheard of"})
	if status.Code(err) != codes.NotFound {
		t.Errorf("got %v, want NOT_FOUND", err)
	}
}

func TestManyCallsAtOnceGetTheirOwnAnswers(t *testing.T) {
	f := serveModel(t, pets)
	var group sync.WaitGroup
	for i := range 32 {
		group.Go(func() {
			text := strings.Repeat("x", i+1)
			response, err := f.predict(t, both, text)
			if err != nil {
				t.Error(err)
			} else if got := response.GetPredictions()[0].GetCoarse().GetConfidences()["CAT"]; got != share(text) {
				t.Errorf("%s: got %v, want %v", text, got, share(text))
			}
			if _, err := f.DescribeModel(t.Context(), &topic.DescribeModelRequest{}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}
