package questiontopic_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopictest"
)

// fail calls a server that fails with the code and the details, and returns the error wrapped in another error.
func fail(t *testing.T, code codes.Code, details ...protoadapt.MessageV1) error {
	t.Helper()
	client := questiontopictest.NewClient(t, &questiontopictest.Service{
		Predict: questiontopictest.Error(code, "on purpose", details...),
	})
	_, err := client.Predict(t.Context(), coarse, "Who?")
	if status.Code(err) != code {
		t.Fatalf("got %v, want %v", err, code)
	}
	return fmt.Errorf("asking: %w", err)
}

func TestFieldViolationsNameFieldsAndFixes(t *testing.T) {
	err := fail(t, codes.InvalidArgument, &errdetails.BadRequest{
		FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: "texts[3]", Description: "must be shorter"},
			{Field: "label_level", Description: "must be known"},
		},
	})
	got := ""
	for _, violation := range questiontopic.FieldViolations(err) {
		got += violation.GetField() + " " + violation.GetDescription() + "; "
	}
	if want := "texts[3] must be shorter; label_level must be known; "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRetryDelayIsTheServersHint(t *testing.T) {
	err := fail(t, codes.ResourceExhausted, &errdetails.RetryInfo{RetryDelay: durationpb.New(250 * time.Millisecond)})
	if delay, ok := questiontopic.RetryDelay(err); delay != 250*time.Millisecond || !ok {
		t.Errorf("got %v, %v", delay, ok)
	}
}

func TestReasonAndRequestIDAreTheServersOwn(t *testing.T) {
	err := fail(t, codes.Internal,
		&errdetails.ErrorInfo{Reason: "PROXY", Domain: "example.com", Metadata: map[string]string{"request_id": "x"}},
		&errdetails.ErrorInfo{Reason: "INTERNAL", Domain: "questiontopic", Metadata: map[string]string{"request_id": "7f"}},
	)
	if reason, id := questiontopic.Reason(err), questiontopic.RequestID(err); reason != "INTERNAL" || id != "7f" {
		t.Errorf("got reason %q, request id %q", reason, id)
	}
}

func TestErrorsWithoutDetailsHaveNone(t *testing.T) {
	for _, err := range []error{nil, errors.New("other"), context.Canceled, fail(t, codes.ResourceExhausted)} {
		delay, ok := questiontopic.RetryDelay(err)
		if len(questiontopic.FieldViolations(err)) != 0 || delay != 0 || ok ||
			questiontopic.Reason(err) != "" || questiontopic.RequestID(err) != "" {
			t.Errorf("%v: found details", err)
		}
	}
}
