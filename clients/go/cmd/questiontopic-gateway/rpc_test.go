package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// dial returns a connection of grpc-go, as any caller's stub has it.
func dial(t *testing.T, address string) *grpc.ClientConn {
	t.Helper()
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return connection
}

func ask(texts ...string) *questiontopicv1.PredictTopicRequest {
	return &questiontopicv1.PredictTopicRequest{Texts: texts}
}

func TestStubsOfGRPCGetTheAnswersOfTheServer(t *testing.T) {
	gateway := start(t, newBackend(t, topictest.Answer))
	stub := questiontopicv1.NewTopicServiceClient(dial(t, gateway.address))

	answered, err := stub.PredictTopic(t.Context(), ask("Who?", "What is your salary?"))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"HUM", "NUM"} {
		if got := answered.GetPredictions()[i].GetCoarse().GetTopTopic(); got != want {
			t.Errorf("text %d: got %s, want %s", i, got, want)
		}
	}
	described, err := stub.DescribeModel(t.Context(), &questiontopicv1.DescribeModelRequest{})
	if err != nil || described.GetModel().GetName() != "test" {
		t.Errorf("got %v and %v", described, err)
	}
}

func TestMergedCallsKeepTheScoreNoneOfThese(t *testing.T) {
	predict := questiontopictest.WithNoneOfThese(map[string]float32{"many thank": 0.9375}, topictest.Answer)
	gateway := start(t, newBackend(t, predict), "--in-flight", "1")
	stub := questiontopicv1.NewTopicServiceClient(dial(t, gateway.address))
	var asking sync.WaitGroup
	for i := range 40 {
		text, want := "many thank", float32(0.9375)
		if i%2 == 0 {
			text, want = "Who?", 0
		}
		asking.Go(func() {
			answered, err := stub.PredictTopic(t.Context(), ask(text))
			if err != nil {
				t.Error(err)
				return
			}
			if got := answered.GetPredictions()[0]; got.NoneOfThese == nil || got.GetNoneOfThese() != want {
				t.Errorf("%s: got %v, want %v", text, got, want)
			}
		})
	}
	asking.Wait()
}

func TestGRPCWebAndBinaryConnectGetTheAnswersOfTheServer(t *testing.T) {
	gateway := start(t, newBackend(t, topictest.Answer))
	for name, options := range map[string][]connect.ClientOption{
		"gRPC-Web": {connect.WithGRPCWeb()}, "Connect": nil, "JSON": {connect.WithProtoJSON()},
	} {
		caller := connect.NewClient[questiontopicv1.PredictTopicRequest, questiontopicv1.PredictTopicResponse](
			http.DefaultClient, gateway.url+questiontopicv1.TopicService_PredictTopic_FullMethodName, options...)
		answered, err := caller.CallUnary(t.Context(), connect.NewRequest(ask("What is your salary?")))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := answered.Msg.GetPredictions()[0].GetCoarse().GetTopTopic(); got != "NUM" {
			t.Errorf("%s: got %s, want NUM", name, got)
		}
	}
}

func TestErrorsKeepTheirCodeAndDetails(t *testing.T) {
	const kept = 3500 * time.Millisecond
	with := func(code codes.Code, message string, detail *errdetails.ErrorInfo) *status.Status {
		found, _ := status.New(code, message).WithDetails(detail)
		return found
	}
	hinted, _ := status.New(codes.ResourceExhausted, "busy").WithDetails(
		&errdetails.RetryInfo{RetryDelay: durationpb.New(kept)})
	wrong, _ := status.New(codes.InvalidArgument, "texts[0]: wrong").WithDetails(&errdetails.BadRequest{
		FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "texts[0]", Description: "wrong"}}})
	refusals := map[string]*status.Status{
		"busy":  hinted,
		"wrong": wrong,
		"fault": with(codes.Internal, "fault", &errdetails.ErrorInfo{
			Domain: "questiontopic", Reason: "INTERNAL", Metadata: map[string]string{"request_id": "7"}}),
		"model": with(codes.NotFound, "model", &errdetails.ErrorInfo{
			Domain: "questiontopic", Reason: "MODEL_NOT_FOUND"}),
	}
	gateway := start(t, newBackend(t, func(
		_ context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		return nil, refusals[request.GetTexts()[0]].Err()
	}))
	stub := questiontopicv1.NewTopicServiceClient(dial(t, gateway.address))
	// The busy one is last, because after it the client's throttle may hold calls back.
	for _, text := range []string{"wrong", "fault", "model", "busy"} {
		refused := refusals[text]
		_, err := stub.PredictTopic(t.Context(), ask(text))
		if status.Code(err) != refused.Code() || status.Convert(err).Message() != refused.Message() {
			t.Errorf("%s: got %v, want %v", text, err, refused)
		}
		if violations := questiontopic.FieldViolations(err); (text == "wrong") !=
			(len(violations) == 1 && violations[0].GetField() == "texts[0]") {
			t.Errorf("%s: got the violations %v", text, violations)
		}
		if delay, _ := questiontopic.RetryDelay(err); (text == "busy") != (delay == kept) {
			t.Errorf("%s: got the delay %v", text, delay)
		}
		if id := questiontopic.RequestID(err); (text == "fault") != (id == "7") {
			t.Errorf("%s: got the request id %q", text, id)
		}
		if reason := questiontopic.Reason(err); (text == "model") != (reason == "MODEL_NOT_FOUND") {
			t.Errorf("%s: got the reason %q", text, reason)
		}
	}
}

func TestDeadlinesAndForwardedHeadersReachTheServer(t *testing.T) {
	const timeout = 5 * time.Second
	var remaining time.Duration
	var received metadata.MD
	gateway := start(t, newBackend(t, func(
		ctx context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		deadline, _ := ctx.Deadline()
		remaining = time.Until(deadline)
		received, _ = metadata.FromIncomingContext(ctx)
		return topictest.Answer(ctx, request)
	}), "--timeout", "60")
	stub := questiontopicv1.NewTopicServiceClient(dial(t, gateway.address))

	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, "x-request-id", "abc", "authorization", "secret")
	if _, err := stub.PredictTopic(ctx, ask("Who?")); err != nil {
		t.Fatal(err)
	}
	if remaining <= 0 || remaining > timeout {
		t.Errorf("got %v, want at most %v", remaining, timeout)
	}
	if got := received.Get("x-request-id"); len(got) != 1 || got[0] != "abc" {
		t.Errorf("got the request id %v", got)
	}
	if got := received.Get("authorization"); got != nil {
		t.Errorf("got the header authorization, which must stay at the gateway")
	}
	if _, err := stub.PredictTopic(t.Context(), ask("Who?")); err != nil || remaining <= timeout {
		t.Errorf("got %v and %v, want the gateway's own timeout", remaining, err)
	}
}

func TestACallerGetsItsOwnDeadline(t *testing.T) {
	gateway := start(t, newBackend(t, func(
		ctx context.Context, _ *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}))
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost,
		gateway.url+questiontopicv1.TopicService_PredictTopic_FullMethodName, strings.NewReader(`{"texts":["Who?"]}`))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Connect-Timeout-Ms", "100")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusGatewayTimeout {
		t.Errorf("got %s, want 504", response.Status)
	}
}

func TestSingleQuestionsOfManyCallersReachTheServerTogether(t *testing.T) {
	const callers = 63 // And one more, which is refused: as many as a connection may have at a time.
	var mutex sync.Mutex
	calls, entered, release := 0, make(chan struct{}, callers), make(chan struct{})
	gateway := start(t, newBackend(t, func(
		ctx context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		mutex.Lock()
		calls++
		mutex.Unlock()
		entered <- struct{}{}
		<-release
		return topictest.Answer(ctx, request)
	}), "--in-flight", "1", "--max-waiting", fmt.Sprint(callers-1))
	stub := questiontopicv1.NewTopicServiceClient(dial(t, gateway.address))

	var group sync.WaitGroup
	refused := make(chan error, 2*callers)
	question := func() {
		_, err := stub.PredictTopic(t.Context(), ask("Who?"))
		refused <- err
	}
	group.Go(question)
	<-entered
	// All but one of the others wait. The last one is refused, which shows that they have arrived.
	for range callers {
		group.Go(question)
	}
	err := <-refused
	if _, hinted := questiontopic.RetryDelay(err); status.Code(err) != codes.ResourceExhausted || !hinted {
		t.Errorf("got %v, want RESOURCE_EXHAUSTED with a hint", err)
	}
	close(release)
	group.Wait()
	if calls != 3 { // One text, then 62 in calls of at most 32.
		t.Errorf("%d questions made %d calls, want 3", callers, calls)
	}
}
