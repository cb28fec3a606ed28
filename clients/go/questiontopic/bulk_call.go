package questiontopic

import (
	"cmp"
	"context"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/internal/textfield"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// bulkCall is one call of PredictMany, which is repeated without the texts that are refused.
type bulkCall struct {
	texts []bulkText
	err   error // Why the texts without a prediction and without an error of their own have none.
	ended chan struct{}
}

// bulkText is one text and its answer or its own error.
type bulkText struct {
	Answer
	err error
}

func newBulkCall() *bulkCall {
	return &bulkCall{
		err:   status.Error(codes.Internal, "the call ended without an answer"),
		ended: make(chan struct{}),
	}
}

func (b *bulkCall) hasEnded() bool {
	select {
	case <-b.ended:
		return true
	default:
		return false
	}
}

// run makes the call.
func (b *bulkCall) run(ctx context.Context, send send, chosen bulk) {
	defer close(b.ended) // Also if an interceptor ends the goroutine.
	open := make([]*bulkText, len(b.texts))
	for i := range b.texts {
		open[i] = &b.texts[i]
	}
	for len(open) > 0 {
		request := &questiontopicv1.PredictTopicRequest{LabelLevel: chosen.level, Model: chosen.model}
		for _, asked := range open {
			request.Texts = append(request.Texts, asked.Text)
		}
		var response *questiontopicv1.PredictTopicResponse
		err := Patiently(ctx, func() (err error) {
			response, err = send(ctx, request)
			return err
		})
		predictions := response.GetPredictions()
		switch remaining := withoutRefused(open, err, chosen.skip); {
		case len(remaining) < len(open):
			open = remaining
			continue
		case err != nil:
			b.err = err
		case len(predictions) != len(open):
			b.err = status.Errorf(codes.Internal, "the server gave %d predictions for %d texts", len(predictions), len(open))
		default:
			for i, prediction := range predictions {
				open[i].Prediction = prediction
			}
		}
		return
	}
}

// withoutRefused gives the texts that err names their own errors, and returns the others: without skip, only those before
// the first text that is refused.
func withoutRefused(sent []*bulkText, err error, skip bool) []*bulkText {
	if status.Code(err) != codes.InvalidArgument {
		return sent
	}
	found := map[int][]*errdetails.BadRequest_FieldViolation{}
	for _, violation := range FieldViolations(err) {
		if i, ok := textfield.Index(violation.GetField(), len(sent)); ok {
			found[i] = append(found[i], &errdetails.BadRequest_FieldViolation{
				Field:       textfield.Name(sent[i].Number),
				Description: cmp.Or(violation.GetDescription(), "refused"),
			})
		}
	}
	var remaining []*bulkText
	for i, asked := range sent {
		if violations := found[i]; len(violations) == 0 {
			remaining = append(remaining, asked)
			continue
		}
		asked.err = invalidArgument(found[i])
		if !skip {
			break
		}
	}
	return remaining
}

// yield waits for the end of the call and yields its texts. It returns false if the loop must end.
func (b *bulkCall) yield(yield func(Answer, error) bool, skip bool) bool {
	<-b.ended
	for _, answered := range b.texts {
		err := answered.err
		goesOn := err == nil || skip
		if err == nil && answered.Prediction == nil {
			err, goesOn = b.err, false
		}
		if !yield(answered.Answer, err) || !goesOn {
			return false
		}
	}
	return true
}
