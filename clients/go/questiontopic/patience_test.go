package questiontopic_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// busy is a service that refuses a number of attempts with RESOURCE_EXHAUSTED. It records when they came.
func busyFor(refusals int64, details ...protoadapt.MessageV1) (service *questiontopictest.Service, came *[]time.Time) {
	var attempts atomic.Int64
	came = new([]time.Time)
	return &questiontopictest.Service{Predict: func(
		ctx context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		*came = append(*came, time.Now()) // One call is under way at a time.
		if attempts.Add(1) <= refusals {
			return questiontopictest.Error(codes.ResourceExhausted, "busy", details...)(ctx, request)
		}
		return echo(ctx, request)
	}}, came
}

func hint(delay time.Duration) *errdetails.RetryInfo {
	return &errdetails.RetryInfo{RetryDelay: durationpb.New(delay)}
}

func TestPredictManyWaitsAsLongAsTheServerSays(t *testing.T) {
	service, came := busyFor(2, hint(200*time.Millisecond))
	got, err := collect(questiontopictest.NewClient(t, service).PredictMany(t.Context(), coarse, slices.Values([]string{"a"})))
	if err != nil || !slices.Equal(got, []string{"0 a a"}) || len(*came) != 3 {
		t.Fatalf("got %q, %v after %d attempts", got, err, len(*came))
	}
	for i := range 2 {
		if pause := (*came)[i+1].Sub((*came)[i]); pause < 190*time.Millisecond || pause > 2*time.Second {
			t.Errorf("pause %d was %v, want from 0.2 s to 0.3 s", i+1, pause)
		}
	}
}

func TestPausesWithoutAHintGrow(t *testing.T) {
	service, came := busyFor(3)
	if _, err := collect(questiontopictest.NewClient(t, service).PredictMany(t.Context(), coarse, slices.Values([]string{"a"}))); err != nil {
		t.Fatal(err)
	}
	for i, atLeast := range []time.Duration{100, 200, 400} {
		if pause := (*came)[i+1].Sub((*came)[i]); pause < (atLeast-10)*time.Millisecond {
			t.Errorf("pause %d was %v, want %d ms or more", i+1, pause, atLeast)
		}
	}
}

func TestPredictManyGivesUpAfterSomeAttempts(t *testing.T) {
	for _, c := range []struct {
		details  []protoadapt.MessageV1
		attempts int
	}{
		{[]protoadapt.MessageV1{hint(time.Millisecond)}, 20},
		{nil, 6},
	} {
		service, came := busyFor(1000, c.details...)
		got, err := collect(questiontopictest.NewClient(t, service).PredictMany(
			t.Context(), coarse, slices.Values([]string{"a", "b"}), questiontopic.SkipRefused()))
		if status.Code(err) != codes.ResourceExhausted || status.Convert(err).Message() != "busy" || len(got) != 1 ||
			len(*came) != c.attempts {
			t.Errorf("got %q, %v after %d attempts, want %d", got, err, len(*came), c.attempts)
		}
	}
}

func TestTheEndOfTheContextEndsAPause(t *testing.T) {
	service, _ := busyFor(1000, hint(time.Hour))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := collect(questiontopictest.NewClient(t, service).PredictMany(ctx, coarse, slices.Values([]string{"a"})))
	if status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("got %v, want DEADLINE_EXCEEDED", err)
	}
}
