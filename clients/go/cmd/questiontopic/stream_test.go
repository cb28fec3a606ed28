package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// answered returns the texts of a coarse table with answers of echo, and checks that each text has its own answer.
func answered(t *testing.T, stdout string) []string {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
	if len(lines[0]) == 0 || !strings.HasPrefix(lines[0], "TOPIC ") {
		t.Fatalf("no header: %q", lines[0])
	}
	var texts []string
	for _, line := range lines[1:] {
		fields := strings.Fields(line)
		if fields[0] != fields[2] {
			t.Errorf("%s has the answer of %s", fields[2], fields[0])
		}
		texts = append(texts, fields[2])
	}
	return texts
}

func TestStandardInputIsSplitIntoCalls(t *testing.T) {
	var mutex sync.Mutex
	var calls []string
	address := serve(t, func(
		_ context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		mutex.Lock()
		defer mutex.Unlock()
		calls = append(calls, strings.Join(request.GetTexts(), "|"))
		return echo(request), nil
	})
	input := "\n a\n \t\u00a0\u3000\x1c\nb\r\n\r\nc\td\ne"
	got := execute(address, input, "--skip-blank", "--texts-per-call", "2", "--in-flight", "1")
	got.check(t, result{0, "" +
		"TOPIC         CONFIDENCE  TEXT\n" +
		" a              1.000000   a\n" +
		"b               1.000000  b\n" +
		"c\td             1.000000  c d\n" +
		"e               1.000000  e\n", ""})
	if want := []string{" a|b", "c\td|e"}; !slices.Equal(calls, want) {
		t.Errorf("got the calls %q, want %q", calls, want)
	}
}

func TestEmptyInputIsAnswered(t *testing.T) {
	address := serve(t, topictest.Answer)
	execute(address, " \n\n", "--skip-blank").check(t, result{0, "TOPIC         CONFIDENCE  TEXT\n", ""})
	execute(address, "", "--output", "jsonl").check(t, result{0, "", ""})
}

func TestTheArgumentsAreOneCall(t *testing.T) {
	var calls atomic.Int64
	address := serve(t, func(
		ctx context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		calls.Add(1)
		if request.GetModel() != "usem3" {
			return nil, status.Errorf(codes.NotFound, "no model %q", request.GetModel())
		}
		return echo(request), nil
	})
	got := execute(address, "not read", "--texts-per-call", "1", "--model", "usem3", "--", "-a", "b", "--tls")
	if want := []string{"-a", "b", "--tls"}; got.exitCode != 0 || !slices.Equal(answered(t, got.stdout), want) {
		t.Errorf("got %+v, want %v", got, want)
	}
	if calls.Load() != 1 {
		t.Errorf("got %d calls, want 1", calls.Load())
	}
}

func TestAnswersKeepTheOrderOfManyCallsInFlight(t *testing.T) {
	const inFlight, count = 8, 100
	var running, maximum, arrived atomic.Int64
	allRunning := make(chan struct{})
	address := serve(t, func(
		ctx context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		now := running.Add(1)
		defer running.Add(-1)
		for seen := maximum.Load(); now > seen && !maximum.CompareAndSwap(seen, now); seen = maximum.Load() {
		}
		if arrived.Add(1) == inFlight {
			close(allRunning)
		}
		select { // The first calls end, in any order, only when the maximum number of calls is running.
		case <-allRunning:
			return echo(request), nil
		case <-ctx.Done():
			return nil, status.FromContextError(ctx.Err()).Err()
		}
	})
	var input strings.Builder
	var want []string
	for i := range count {
		want = append(want, fmt.Sprint("q", i))
		fmt.Fprintf(&input, "q%d\n", i)
	}
	got := execute(address, input.String(), "--texts-per-call", "1", "--in-flight", fmt.Sprint(inFlight))
	if got.exitCode != 0 || !slices.Equal(answered(t, got.stdout), want) {
		t.Errorf("got %+v", got)
	}
	if maximum.Load() != inFlight {
		t.Errorf("%d calls were in flight, want %d", maximum.Load(), inFlight)
	}
}

func TestAFailedCallEndsTheRunAfterTheAnswersBeforeIt(t *testing.T) {
	failed := make(chan struct{})
	violations, err := status.New(codes.InvalidArgument, "not shown").WithDetails(&errdetails.BadRequest{
		FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: "texts[1]", Description: "must\nbe good"},
			{Field: "texts[2]", Description: "must be there"},
			{Field: "model", Description: "must be known"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	address := serve(t, func(
		_ context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		switch request.GetTexts()[0] {
		case "a": // This call ends after the second call has failed. Its answer must still be printed.
			<-failed
		case "c":
			close(failed)
			return nil, violations.Err()
		}
		return echo(request), nil
	})
	got := execute(address, "a\nb\n\nc\n\nd\ne\nf\n", "--skip-blank", "--texts-per-call", "2", "--in-flight", "3")
	got.check(t, result{1, "" +
		"TOPIC         CONFIDENCE  TEXT\n" +
		"a               1.000000  a\n" +
		"b               1.000000  b\n",
		"questiontopic: INVALID_ARGUMENT: texts[1]: must be good (line 6); texts[2]: must be there; model: must be known\n"})
}

func TestAFailedCallOfArgumentsHasNoLine(t *testing.T) {
	violation, err := status.New(codes.InvalidArgument, "").WithDetails(&errdetails.BadRequest{
		FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "texts[0]", Description: "must be good"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		failure error
		want    string
	}{
		{violation.Err(), "questiontopic: INVALID_ARGUMENT: texts[0]: must be good\n"},
		{status.Error(codes.Internal, "our fault"), "questiontopic: INTERNAL: our fault\n"},
		{status.Error(codes.Canceled, "gone"), "questiontopic: CANCELLED: gone\n"},
	} {
		address := serve(t, func(
			context.Context, *questiontopicv1.PredictTopicRequest,
		) (*questiontopicv1.PredictTopicResponse, error) {
			return nil, c.failure
		})
		execute(address, "", "--output", "jsonl", "a").check(t, result{1, "", c.want})
	}
}

func TestTheCommandWaitsWhileTheServerHasTooMuchToDo(t *testing.T) {
	busy, err := status.New(codes.ResourceExhausted, "busy").WithDetails(
		&errdetails.RetryInfo{RetryDelay: durationpb.New(time.Millisecond)})
	if err != nil {
		t.Fatal(err)
	}
	var calls atomic.Int32
	address := serve(t, func(
		ctx context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		if calls.Add(1) <= 3 {
			return nil, busy.Err()
		}
		return topictest.Answer(ctx, request)
	})
	execute(address, "", "a").check(t, result{0, "TOPIC         CONFIDENCE  TEXT\nHUM             0.750000  a\n", ""})
	if got := calls.Load(); got != 4 {
		t.Errorf("got %d calls, want 4", got)
	}
}

func TestTheTimeoutEndsACall(t *testing.T) {
	address := serve(t, func(
		ctx context.Context, _ *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err()
	})
	got := execute(address, "", "--output", "jsonl", "--timeout", ".05", "a")
	if got.exitCode != 1 || got.stdout != "" || !strings.HasPrefix(got.stderr, "questiontopic: DEADLINE_EXCEEDED: ") {
		t.Errorf("got %+v", got)
	}
}

func TestAnInvalidLineEndsTheRunAfterTheAnswersBeforeIt(t *testing.T) {
	address := serve(t, topictest.Answer)
	for name, c := range map[string]struct{ bad, want string }{
		"UTF-8":     {"\xc3\x28", "questiontopic: line 4: not valid UTF-8\n"},
		"surrogate": {"\xed\xa0\x80", "questiontopic: line 4: not valid UTF-8\n"},
		"length":    {strings.Repeat("x", maxLineBytes), "questiontopic: line 4: longer than 16777216 bytes\n"},
	} {
		t.Run(name, func(t *testing.T) {
			execute(address, "Who?\n\nsalary\n"+c.bad+"\nWhere?\n").check(t, result{1, "" +
				"TOPIC         CONFIDENCE  TEXT\n" +
				"HUM             0.750000  Who?\n" +
				"-                      -  \n" +
				"NUM             0.750000  salary\n", c.want})
		})
	}
}

func TestAnAnswerOfTheWrongLengthIsAFailure(t *testing.T) {
	address := serve(t, func(
		context.Context, *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		return &questiontopicv1.PredictTopicResponse{}, nil
	})
	execute(address, "", "--output", "jsonl", "a").check(t,
		result{1, "", "questiontopic: the server gave 0 predictions for 1 texts\n"})
}
