package main

import (
	"cmp"
	"context"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/internal/textfield"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// caller gets the answers of batches.
type caller struct {
	client *questiontopic.Client
	chosen options
}

// answer fills in the predictions of a batch's open rows. It waits while the server has too much to do. With --on-error skip, it fills in the reasons of the texts
// that the server refuses, and sends the others again.
func (c caller) answer(ctx context.Context, b batch) error {
	for open := b.open(); len(open) > 0; open = b.open() {
		request := &questiontopicv1.PredictTopicRequest{LabelLevel: c.chosen.level, Model: c.chosen.model}
		for _, r := range open {
			request.Texts = append(request.Texts, r.text)
		}
		var response *questiontopicv1.PredictTopicResponse
		err := questiontopic.Patiently(ctx, func() (err error) {
			response, err = c.client.PredictTopic(ctx, request)
			return err
		})
		if err != nil {
			if c.chosen.skip && refuse(open, err) {
				continue
			}
			return callError{err, b.unit, open}
		}
		predictions := response.GetPredictions()
		if len(predictions) != len(open) {
			return fmt.Errorf("the server gave %d predictions for %d texts", len(predictions), len(open))
		}
		for i, prediction := range predictions {
			open[i].prediction = prediction
		}
		return nil
	}
	return nil
}

// refuse fills in the reasons of the texts that the error of their call names. It reports whether there are any.
func refuse(sent []*row, err error) bool {
	if status.Code(err) != codes.InvalidArgument {
		return false
	}
	refused := false
	for _, violation := range questiontopic.FieldViolations(err) {
		if i, ok := textfield.Index(violation.GetField(), len(sent)); ok {
			if sent[i].reason != "" {
				sent[i].reason += "; "
			}
			sent[i].reason += cmp.Or(violation.GetDescription(), "refused")
			refused = true
		}
	}
	return refused
}
