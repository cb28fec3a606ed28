package questiontopic_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

const (
	coarse = questiontopicv1.LabelLevel_LABEL_LEVEL_COARSE
	fine   = questiontopicv1.LabelLevel_LABEL_LEVEL_FINE
	both   = questiontopicv1.LabelLevel_LABEL_LEVEL_BOTH
)

func TestPredictReturnsOnePredictionPerTextInOrder(t *testing.T) {
	client := questiontopictest.NewClient(t, &questiontopictest.Service{Predict: topictest.Answer})
	predictions, err := client.Predict(t.Context(), both, "Who?", "What salary?", "Who else?")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, prediction := range predictions {
		got = append(got, prediction.GetCoarse().GetTopTopic(), prediction.GetFine().GetTopTopic())
	}
	if want := "HUM HUM:ind NUM NUM:money HUM HUM:ind"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestPredictSendsTheTextsAndTheLevelWithoutAModel(t *testing.T) {
	var got *questiontopicv1.PredictTopicRequest
	client := questiontopictest.NewClient(t, &questiontopictest.Service{Predict: func(
		ctx context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		got = request
		return topictest.Answer(ctx, request)
	}})
	if _, err := client.Predict(t.Context(), fine, " a\u00a0", "ß"); err != nil {
		t.Fatal(err)
	}
	if strings.Join(got.GetTexts(), "|") != " a\u00a0|ß" || got.GetLabelLevel() != fine || got.GetModel() != "" {
		t.Errorf("the server got %v", got)
	}
}

func TestNewRefusesInvalidArguments(t *testing.T) {
	for name, make := range map[string]func() (*questiontopic.Client, error){
		"no transport": func() (*questiontopic.Client, error) {
			return questiontopic.New("localhost:1", questiontopic.Transport{})
		},
		"no timeout": func() (*questiontopic.Client, error) {
			return questiontopic.New("localhost:1", questiontopic.Plaintext(), questiontopic.WithTimeout(0))
		},
		"no target": func() (*questiontopic.Client, error) {
			return questiontopic.New("dns:///%zz", questiontopic.Plaintext())
		},
	} {
		client, err := make()
		if err == nil || !strings.HasPrefix(err.Error(), "questiontopic: ") || client != nil {
			t.Errorf("%s: got client %v, error %v", name, client, err)
		}
	}
}

func TestACallAfterCloseIsCancelled(t *testing.T) {
	client := questiontopictest.NewClient(t, &questiontopictest.Service{Predict: topictest.Answer})
	if _, err := client.Predict(t.Context(), coarse, "Who?"); err != nil {
		t.Fatal(err)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Predict(t.Context(), coarse, "Who?"); status.Code(err) != codes.Canceled {
		t.Errorf("got %v, want CANCELLED", err)
	}
	if err := client.Close(); status.Code(err) != codes.Canceled {
		t.Errorf("second Close: got %v, want CANCELLED", err)
	}
}

func TestCloseEndsARunningCall(t *testing.T) {
	arrived := make(chan struct{}, 4)
	client := questiontopictest.NewClient(t, &questiontopictest.Service{Predict: func(
		ctx context.Context, _ *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		arrived <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	failed := make(chan error)
	go func() {
		_, err := client.Predict(t.Context(), coarse, "Who?")
		failed <- err
	}()
	<-arrived
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; status.Code(err) != codes.Canceled {
		t.Errorf("got %v, want CANCELLED", err)
	}
}

func TestGoroutinesShareOneClient(t *testing.T) {
	client := questiontopictest.NewClient(t, &questiontopictest.Service{Predict: topictest.Answer})
	var group sync.WaitGroup
	for i := range 64 {
		group.Go(func() {
			text, want := fmt.Sprintf("Who is %d?", i), "HUM"
			if i%2 == 0 {
				text, want = fmt.Sprintf("What salary has %d?", i), "NUM"
			}
			predictions, err := client.Predict(t.Context(), coarse, text)
			if err != nil {
				t.Error(err)
			} else if got := predictions[0].GetCoarse().GetTopTopic(); got != want {
				t.Errorf("%s: got %s, want %s", text, got, want)
			}
		})
	}
	group.Wait()
}

func TestDialOptionsReachGRPC(t *testing.T) {
	var methods, agents []string
	address := topictest.Serve(t, &questiontopictest.Service{Predict: func(
		ctx context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		agents = append(agents, metadata.ValueFromIncomingContext(ctx, "user-agent")...)
		return topictest.Answer(ctx, request)
	}})
	client := newClient(t, address, questiontopic.WithDialOptions(grpc.WithChainUnaryInterceptor(func(
		ctx context.Context, method string, request, response any,
		connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
	) error {
		methods = append(methods, method)
		return invoke(ctx, method, request, response, connection, options...)
	})))
	if _, err := client.Predict(t.Context(), coarse, "Who?"); err != nil {
		t.Fatal(err)
	}
	if len(methods) != 1 || methods[0] != questiontopicv1.TopicService_PredictTopic_FullMethodName {
		t.Errorf("the interceptor saw %v", methods)
	}
	if len(agents) != 1 || !strings.HasPrefix(agents[0], "questiontopic-go/"+questiontopic.Version+" ") {
		t.Errorf("the user agent is %v", agents)
	}
}
