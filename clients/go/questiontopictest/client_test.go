package questiontopictest_test

import (
	"context"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

const (
	coarse = questiontopicv1.LabelLevel_LABEL_LEVEL_COARSE
	fine   = questiontopicv1.LabelLevel_LABEL_LEVEL_FINE
	both   = questiontopicv1.LabelLevel_LABEL_LEVEL_BOTH
)

var topics = map[string]string{"What is your salary?": "NUM:money", "Who wrote Ulysses?": "HUM:ind", "Where?": "LOC"}

func TestTopicsAreAnsweredAndTheRequestsRecorded(t *testing.T) {
	service := &questiontopictest.Service{Predict: questiontopictest.Topics(topics)}
	client := questiontopictest.NewClient(t, service)
	predictions, err := client.Predict(t.Context(), both, "Who wrote Ulysses?", "What is your salary?")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"HUM HUM:ind", "NUM NUM:money"} {
		found, of := predictions[i].GetCoarse(), predictions[i].GetFine()
		if got := found.GetTopTopic() + " " + of.GetTopTopic(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if len(found.GetConfidences()) != 3 || found.GetConfidences()[found.GetTopTopic()] != 1 ||
			len(of.GetConfidences()) != 2 || of.GetConfidences()[of.GetTopTopic()] != 1 {
			t.Errorf("got %v and %v", found, of)
		}
	}
	if predictions, err = client.Predict(t.Context(), coarse, "Where?"); err != nil || predictions[0].GetFine() != nil ||
		predictions[0].GetCoarse().GetTopTopic() != "LOC" {
		t.Errorf("got %v, %v", predictions, err)
	}
	requests := service.Requests()
	if len(requests) != 2 || requests[0].GetLabelLevel() != both || !slices.Equal(requests[1].GetTexts(), []string{"Where?"}) {
		t.Errorf("got the requests %v", requests)
	}
}

func TestTheScoreNoneOfTheseIsTheTests(t *testing.T) {
	predict := questiontopictest.WithNoneOfThese(map[string]float32{"Where?": 0.75}, questiontopictest.Topics(topics))
	client := questiontopictest.NewClient(t, &questiontopictest.Service{Predict: predict})
	predictions, err := client.Predict(t.Context(), coarse, "Where?", "Who wrote Ulysses?")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float32{0.75, 0} {
		if got := predictions[i]; got.NoneOfThese == nil || got.GetNoneOfThese() != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	if _, err := client.Predict(t.Context(), coarse, "Why?"); status.Code(err) != codes.InvalidArgument {
		t.Errorf("got %v", err)
	}
}

func TestATextWithoutATopicIsRefusedByName(t *testing.T) {
	client := questiontopictest.NewClient(t, &questiontopictest.Service{Predict: questiontopictest.Topics(topics)})
	for text, level := range map[string]questiontopicv1.LabelLevel{"Why?": coarse, "": coarse, "Where?": fine} {
		_, err := client.Predict(t.Context(), level, "Who wrote Ulysses?", text)
		violations := questiontopic.FieldViolations(err)
		if status.Code(err) != codes.InvalidArgument || len(violations) != 1 || violations[0].GetField() != "texts[1]" {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestAnErrorHasItsCodeAndDetails(t *testing.T) {
	hint := &errdetails.RetryInfo{RetryDelay: durationpb.New(time.Minute)}
	service := &questiontopictest.Service{Predict: questiontopictest.Error(codes.ResourceExhausted, "busy", hint)}
	_, err := questiontopictest.NewClient(t, service).Predict(t.Context(), coarse, "Who?")
	if delay, _ := questiontopic.RetryDelay(err); status.Code(err) != codes.ResourceExhausted || delay != time.Minute {
		t.Errorf("got %v", err)
	}
	for predict, want := range map[*questiontopictest.Service]codes.Code{
		{Predict: questiontopictest.Error(codes.OK, "no error", hint)}: codes.Internal,
		{}: codes.Unimplemented,
	} {
		if _, err := questiontopictest.NewClient(t, predict).Predict(t.Context(), coarse, "Who?"); status.Code(err) != want {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}

func TestTheDescriptionIsTheTests(t *testing.T) {
	described := &questiontopicv1.DescribeModelResponse{CoarseLabels: []string{"A", "B"}}
	for service, want := range map[*questiontopictest.Service]string{{Description: described}: "A B", {}: ""} {
		got, err := questiontopictest.NewClient(t, service).DescribeModel(t.Context(), &questiontopicv1.DescribeModelRequest{})
		if err != nil || strings.Join(got.GetCoarseLabels(), " ") != want {
			t.Errorf("got %v, %v", got, err)
		}
	}
}

func TestTheClientIsClosedWhenTheTestEnds(t *testing.T) {
	var client *questiontopic.Client
	entered, ended := make(chan struct{}), make(chan error)
	t.Run("test", func(t *testing.T) {
		client = questiontopictest.NewClient(t, &questiontopictest.Service{Predict: func(
			ctx context.Context, _ *questiontopicv1.PredictTopicRequest,
		) (*questiontopicv1.PredictTopicResponse, error) {
			close(entered)
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		go func() {
			_, err := client.Predict(context.Background(), coarse, "Where?")
			ended <- err
		}()
		<-entered
	})
	if err := <-ended; status.Code(err) != codes.Canceled {
		t.Errorf("the running call: got %v, want CANCELLED", err)
	}
	if err := client.Close(); status.Code(err) != codes.Canceled {
		t.Errorf("got %v, want CANCELLED: the client must be closed", err)
	}
}

func TestOnlyTestsNeedTheTestPackages(t *testing.T) {
	listed, err := exec.Command("go", "list", "-deps", "../questiontopic", "../cmd/...").Output()
	if err != nil {
		t.Skipf("needs the command go: %v", err)
	}
	for _, name := range strings.Fields(string(listed)) {
		if name == "testing" || strings.HasSuffix(name, "/bufconn") || strings.HasSuffix(name, "topictest") {
			t.Errorf("the client or a command imports %s", name)
		}
	}
}
