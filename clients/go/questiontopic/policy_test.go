package questiontopic_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// failing fails with code for the given number of attempts and then answers. It counts the attempts.
type failing struct {
	questiontopicv1.UnimplementedTopicServiceServer
	code     codes.Code
	failures int64
	attempts *atomic.Int64
}

func (f failing) PredictTopic(
	ctx context.Context, request *questiontopicv1.PredictTopicRequest,
) (*questiontopicv1.PredictTopicResponse, error) {
	if f.attempts.Add(1) <= f.failures {
		return nil, status.Error(f.code, "on purpose")
	}
	return topictest.Answer(ctx, request)
}

func (f failing) DescribeModel(
	context.Context, *questiontopicv1.DescribeModelRequest,
) (*questiontopicv1.DescribeModelResponse, error) {
	if f.attempts.Add(1) <= f.failures {
		return nil, status.Error(f.code, "on purpose")
	}
	return &questiontopicv1.DescribeModelResponse{}, nil
}

func serveFailing(t *testing.T, code codes.Code, failures int64) (address string, attempts *atomic.Int64) {
	t.Helper()
	attempts = new(atomic.Int64)
	return topictest.Serve(t, failing{code: code, failures: failures, attempts: attempts}), attempts
}

func TestUnavailableIsRetriedUntilTheServerAnswers(t *testing.T) {
	address, attempts := serveFailing(t, codes.Unavailable, 3)
	client := newClient(t, address)
	if _, err := client.Predict(t.Context(), coarse, "Who?"); err != nil || attempts.Load() != 4 {
		t.Errorf("got %v after %d attempts, want success after 4", err, attempts.Load())
	}
}

func TestUnavailableIsRetriedForBothMethods(t *testing.T) {
	address, attempts := serveFailing(t, codes.Unavailable, 1)
	client := newClient(t, address)
	_, err := client.DescribeModel(t.Context(), &questiontopicv1.DescribeModelRequest{})
	if err != nil || attempts.Load() != 2 {
		t.Errorf("got %v after %d attempts, want success after 2", err, attempts.Load())
	}
}

func TestUnavailableIsReportedAfterFourAttempts(t *testing.T) {
	address, attempts := serveFailing(t, codes.Unavailable, 100)
	client := newClient(t, address)
	_, err := client.Predict(t.Context(), coarse, "Who?")
	if status.Code(err) != codes.Unavailable || attempts.Load() != 4 {
		t.Errorf("got %v after %d attempts, want UNAVAILABLE after 4", err, attempts.Load())
	}
}

func TestNoOtherCodeIsRetried(t *testing.T) {
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		if code == codes.Unavailable {
			continue
		}
		address, attempts := serveFailing(t, code, 100)
		client := newClient(t, address)
		if _, err := client.Predict(t.Context(), coarse, "Who?"); status.Code(err) != code || attempts.Load() != 1 {
			t.Errorf("%v: got %v after %d attempts, want 1 attempt", code, err, attempts.Load())
		}
	}
}

func TestTheLargestRequestIsRetriedToo(t *testing.T) {
	address, attempts := serveFailing(t, codes.Unavailable, 1)
	client := newClient(t, address)
	texts := make([]string, 512)
	for i := range texts {
		texts[i] = strings.Repeat("é", 2000)
	}
	if _, err := client.Predict(t.Context(), coarse, texts...); err != nil || attempts.Load() != 2 {
		t.Errorf("got %v after %d attempts, want success after 2", err, attempts.Load())
	}
}

func TestAServerThatIsAwayIsTriedAgainEveryFewSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries atomic.Int64
		refuse := func(context.Context, string) (net.Conn, error) {
			tries.Add(1)
			return nil, errors.New("on purpose")
		}
		client, err := questiontopic.New("passthrough:///away:50051", questiontopic.Plaintext(),
			questiontopic.WithDialOptions(grpc.WithContextDialer(refuse)))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = client.Close() }()
		if _, err := client.Predict(t.Context(), coarse, "Who?"); status.Code(err) != codes.Unavailable {
			t.Errorf("got %v, want UNAVAILABLE", err)
		}
		time.Sleep(10 * time.Minute) // A long time away makes the pauses no longer. The clock of a synctest does not wait.
		before := tries.Load()
		time.Sleep(time.Minute)
		if made := tries.Load() - before; made < 60/4 || made > 60/2 {
			t.Errorf("got %d attempts in a minute, want 15 to 30", made)
		}
	})
}

func TestCallsAreSpreadOverAllAddresses(t *testing.T) {
	first, firstCalls := serveFailing(t, codes.OK, 0)
	second, secondCalls := serveFailing(t, codes.OK, 0)
	addresses := manual.NewBuilderWithScheme("two")
	addresses.InitialState(resolver.State{Addresses: []resolver.Address{{Addr: first}, {Addr: second}}})
	client := newClient(t, "two:///servers", questiontopic.WithDialOptions(grpc.WithResolvers(addresses)))
	for firstCalls.Load() == 0 || secondCalls.Load() == 0 {
		if _, err := client.Predict(t.Context(), coarse, "Who?"); err != nil {
			t.Fatal(err)
		}
		if firstCalls.Load()+secondCalls.Load() == 10_000 {
			t.Fatalf("one server got all calls: %d and %d", firstCalls.Load(), secondCalls.Load())
		}
	}
}

// serveRemaining answers calls that have a deadline, and sends the remaining time of each call.
func serveRemaining(t *testing.T) (address string, remaining chan time.Duration) {
	t.Helper()
	remaining = make(chan time.Duration, 1)
	return topictest.Serve(t, &questiontopictest.Service{Predict: func(
		ctx context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		deadline, ok := ctx.Deadline()
		if !ok {
			return nil, status.Error(codes.FailedPrecondition, "no deadline")
		}
		remaining <- time.Until(deadline)
		return topictest.Answer(ctx, request)
	}}), remaining
}

func TestTheTimeoutIsForCallsWithoutADeadline(t *testing.T) {
	address, remaining := serveRemaining(t)
	hour, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	for _, c := range []struct {
		name    string
		ctx     context.Context
		options []questiontopic.Option
		maximum time.Duration
	}{
		{"default", t.Context(), nil, questiontopic.DefaultTimeout},
		{"chosen", t.Context(), []questiontopic.Option{questiontopic.WithTimeout(5 * time.Minute)}, 5 * time.Minute},
		{"context later", hour, []questiontopic.Option{questiontopic.WithTimeout(time.Minute)}, time.Hour},
		{"context earlier", hour, []questiontopic.Option{questiontopic.WithTimeout(24 * time.Hour)}, time.Hour},
	} {
		if _, err := newClient(t, address, c.options...).Predict(c.ctx, coarse, "Who?"); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if found := <-remaining; found > c.maximum || found < c.maximum/2 {
			t.Errorf("%s: the remaining time was %v, want a little less than %v", c.name, found, c.maximum)
		}
	}
}

func TestACallFailsAtItsDeadline(t *testing.T) {
	client := newClient(t, topictest.Serve(t, &questiontopictest.Service{Predict: func(
		ctx context.Context, _ *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err()
	}}), questiontopic.WithTimeout(50*time.Millisecond))
	if _, err := client.Predict(t.Context(), coarse, "Who?"); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("got %v, want DEADLINE_EXCEEDED", err)
	}
}

func TestMessagesFitUpToSixteenMebibytes(t *testing.T) {
	address := topictest.Serve(t, &questiontopictest.Service{Predict: func(
		_ context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		return &questiontopicv1.PredictTopicResponse{Model: &questiontopicv1.Model{Name: request.GetModel()}}, nil
	}}, grpc.MaxRecvMsgSize(64<<20))
	client := newClient(t, address)
	for _, c := range []struct {
		name    string
		size    int
		options []grpc.CallOption
		want    codes.Code
	}{
		{"both at the limit", 16<<20 - 10, nil, codes.OK}, // 10 bytes are the tags and lengths of the fields.
		{"request over the limit", 16<<20 + 1, nil, codes.ResourceExhausted},
		{"answer over the limit", 16<<20 + 1, []grpc.CallOption{grpc.MaxCallSendMsgSize(64 << 20)}, codes.ResourceExhausted},
	} {
		request := &questiontopicv1.PredictTopicRequest{Model: strings.Repeat("m", c.size)}
		if _, err := client.PredictTopic(t.Context(), request, c.options...); status.Code(err) != c.want {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

func TestAThrottledClientSendsFewCallsToAServerThatRefuses(t *testing.T) {
	hinted := refused(codes.ResourceExhausted, &errdetails.RetryInfo{RetryDelay: durationpb.New(2 * time.Second)})
	var asked atomic.Int64
	address := topictest.Serve(t, &questiontopictest.Service{Predict: func(
		context.Context, *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		asked.Add(1)
		return nil, hinted
	}})
	client := newClient(t, address, questiontopic.WithThrottle())
	for range 1_000 {
		_, err := client.Predict(t.Context(), coarse, "Who?")
		delay, ok := questiontopic.RetryDelay(err)
		if status.Code(err) != codes.ResourceExhausted || !ok || delay != 2*time.Second {
			t.Fatalf("got %v, want RESOURCE_EXHAUSTED with the server's hint", err)
		}
	}
	if count := asked.Load(); count < 10 || count > 500 {
		t.Errorf("the server got %d of 1,000 calls, want from 10 to 500", count)
	}
}
