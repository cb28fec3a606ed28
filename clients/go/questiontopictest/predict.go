package questiontopictest

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"github.com/question-topic/question-topic/clients/go/internal/textfield"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// Topics answers each text with its topic in topics, a fine label such as "NUM:money" or a coarse one such as "NUM". The
// topic has the confidence 1, and the other labels of topics have 0.
//
// A call with a text that topics does not have fails like a call with a text that breaks a limit: with INVALID_ARGUMENT,
// which names the text.
func Topics(topics map[string]string) Predict {
	return func(
		_ context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		response := &questiontopicv1.PredictTopicResponse{Model: testModel()}
		refused := &errdetails.BadRequest{}
		for i, text := range request.GetTexts() {
			label, known := topics[text]
			coarse, _, isFine := strings.Cut(label, ":")
			prediction := &questiontopicv1.Prediction{}
			if request.GetLabelLevel() != questiontopicv1.LabelLevel_LABEL_LEVEL_FINE {
				prediction.Coarse = confidences(topics, coarse, false)
			}
			wantsFine := request.GetLabelLevel() >= questiontopicv1.LabelLevel_LABEL_LEVEL_FINE
			if wantsFine {
				prediction.Fine = confidences(topics, label, true)
			}
			response.Predictions = append(response.Predictions, prediction)
			if !known || wantsFine && !isFine {
				refused.FieldViolations = append(refused.FieldViolations, &errdetails.BadRequest_FieldViolation{
					Field: textfield.Name(i), Description: fmt.Sprintf("the test has no topic of this level for %q", text)})
			}
		}
		if violations := refused.GetFieldViolations(); len(violations) > 0 {
			message := violations[0].GetField() + ": " + violations[0].GetDescription()
			return nil, failure(codes.InvalidArgument, message, refused)
		}
		return response, nil
	}
}

// WithNoneOfThese adds the score "none of these" to the answers of predict: the score of each text in scores, and 0 for
// the others. Set HasNoneOfThese in the Service's Description, too, if the program asks for it.
func WithNoneOfThese(scores map[string]float32, predict Predict) Predict {
	return func(
		ctx context.Context, request *questiontopicv1.PredictTopicRequest,
	) (*questiontopicv1.PredictTopicResponse, error) {
		response, err := predict(ctx, request)
		for i, prediction := range response.GetPredictions() {
			prediction.NoneOfThese = new(scores[request.GetTexts()[i]])
		}
		return response, err
	}
}

// confidences returns the labels of one level: 1 for top and 0 for the others.
func confidences(topics map[string]string, top string, fine bool) *questiontopicv1.TopicConfidences {
	found := map[string]float32{}
	for _, label := range topics {
		coarse, _, isFine := strings.Cut(label, ":")
		if !fine {
			found[coarse] = 0
		} else if isFine {
			found[label] = 0
		}
	}
	found[top] = 1
	return &questiontopicv1.TopicConfidences{TopTopic: top, Confidences: found}
}

// Error fails each call with a code, a message, and details of google.rpc such as RetryInfo.
func Error(code codes.Code, message string, details ...protoadapt.MessageV1) Predict {
	failed := failure(code, message, details...)
	return func(context.Context, *questiontopicv1.PredictTopicRequest) (*questiontopicv1.PredictTopicResponse, error) {
		return nil, failed
	}
}

func failure(code codes.Code, message string, details ...protoadapt.MessageV1) error {
	failed, err := status.New(code, message).WithDetails(details...)
	if err != nil { // The code is OK, or a detail cannot be encoded.
		return status.Errorf(codes.Internal, "questiontopictest: %v", err)
	}
	return failed.Err()
}
