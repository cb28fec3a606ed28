package topictest

import (
	"context"
	"strings"

	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// Answer is a Predict without a model. A text with the word salary is NUM and NUM:money, any other text is HUM and
// HUM:ind, each with confidence 0.75. A text that ends with an ellipsis is truncated.
func Answer(
	_ context.Context, request *questiontopicv1.PredictTopicRequest,
) (*questiontopicv1.PredictTopicResponse, error) {
	response := &questiontopicv1.PredictTopicResponse{
		Model: &questiontopicv1.Model{Name: "test", Version: "1.0.0", Digest: strings.Repeat("0", 64)},
	}
	for _, text := range request.GetTexts() {
		prediction := &questiontopicv1.Prediction{Truncated: strings.HasSuffix(text, "…")}
		money := strings.Contains(text, "salary")
		if request.GetLabelLevel() != questiontopicv1.LabelLevel_LABEL_LEVEL_FINE {
			prediction.Coarse = topics(money, "NUM", "HUM")
		}
		if request.GetLabelLevel() >= questiontopicv1.LabelLevel_LABEL_LEVEL_FINE {
			prediction.Fine = topics(money, "NUM:money", "HUM:ind")
		}
		response.Predictions = append(response.Predictions, prediction)
	}
	return response, nil
}

func topics(first bool, one, other string) *questiontopicv1.TopicConfidences {
	if !first {
		one, other = other, one
	}
	return &questiontopicv1.TopicConfidences{
		TopTopic:    one,
		Confidences: map[string]float32{one: 0.75, other: 0.25},
	}
}
