package service

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	topic "github.com/question-topic/question-topic/clients/go/questiontopicv1"
	"github.com/question-topic/question-topic/server/front/internal/model"
)

// responses turns plain values into the contract's messages, for one loaded model: what never changes is made once.
type responses struct {
	model        *topic.Model
	coarse, fine []string
	describe     *topic.DescribeModelResponse
}

func newResponses(loaded model.Loaded) *responses {
	manifest := loaded.Manifest
	r := &responses{
		model:  &topic.Model{Name: manifest.Name, Version: manifest.Version, Digest: manifest.Digest},
		coarse: manifest.CoarseLabels,
	}
	r.describe = &topic.DescribeModelResponse{
		Model:        r.model,
		CoarseLabels: manifest.CoarseLabels,
		Limits: &topic.Limits{
			MaxTexts: MaxTexts, MaxCharacters: MaxCharacters, MaxMessageBytes: MaxMessageBytes, MaxPieces: loaded.MaxPieces,
		},
		Languages: manifest.Languages,
		Metrics:   manifest.Metrics,
		Runtime:   loaded.Runtime,
	}
	for _, label := range manifest.FineLabels {
		r.fine = append(r.fine, label.Name)
		r.describe.FineLabels = append(r.describe.FineLabels, &topic.FineLabel{Name: label.Name, Coarse: label.Coarse})
	}
	return r
}

// checkLevel accepts a level that predict can give.
func (r *responses) checkLevel(level topic.LabelLevel) error {
	values := level.Descriptor().Values()
	if values.ByNumber(protoreflect.EnumNumber(level)) == nil {
		var names []string
		for i := 1; i < values.Len(); i++ { // The first is what is meant where none is given.
			names = append(names, string(values.Get(i).Name()))
		}
		return &fieldError{"label_level", fmt.Sprintf("must be one of %s, is %d", strings.Join(names, ", "), level)}
	}
	if withFine(level) && len(r.fine) == 0 {
		return &fieldError{"label_level", fmt.Sprintf("must be coarse: the model '%s' has no fine labels", r.model.Name)}
	}
	return nil
}

// predict has one prediction per answer, with the confidences of the level.
func (r *responses) predict(answers []model.Answer, level topic.LabelLevel) *topic.PredictTopicResponse {
	response := &topic.PredictTopicResponse{Model: r.model, Predictions: make([]*topic.Prediction, len(answers))}
	for i, answer := range answers {
		prediction := &topic.Prediction{Truncated: answer.Truncated}
		if level != topic.LabelLevel_LABEL_LEVEL_FINE {
			prediction.Coarse = confidences(r.coarse, answer.Coarse)
		}
		if withFine(level) {
			prediction.Fine = confidences(r.fine, answer.Fine)
		}
		response.Predictions[i] = prediction
	}
	return response
}

func withFine(level topic.LabelLevel) bool {
	return level == topic.LabelLevel_LABEL_LEVEL_FINE || level == topic.LabelLevel_LABEL_LEVEL_BOTH
}

func confidences(labels []string, values []float32) *topic.TopicConfidences {
	found := make(map[string]float32, len(labels))
	top := 0
	for i, label := range labels {
		found[label] = values[i]
		if values[i] > values[top] {
			top = i
		}
	}
	return &topic.TopicConfidences{TopTopic: labels[top], Confidences: found}
}
