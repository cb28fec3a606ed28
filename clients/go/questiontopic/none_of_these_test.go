package questiontopic_test

import (
	"slices"
	"testing"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

func TestEveryWayToAskKeepsTheScoreNoneOfThese(t *testing.T) {
	texts := []string{"Who?", "many thank"}
	predict := questiontopictest.WithNoneOfThese(map[string]float32{"many thank": 0.9375}, topictest.Answer)
	for name, options := range map[string][]questiontopic.Option{
		"alone": nil, "merged": {questiontopic.WithMerging(questiontopic.Merging{})},
	} {
		client := questiontopictest.NewClient(t, &questiontopictest.Service{Predict: predict}, options...)
		found, err := client.Predict(t.Context(), coarse, texts...)
		if err != nil {
			t.Fatal(err)
		}
		for answer, err := range client.PredictMany(t.Context(), coarse, slices.Values(texts)) {
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, answer.Prediction)
		}
		for i, want := range []float32{0, 0.9375, 0, 0.9375} {
			if found[i].NoneOfThese == nil || found[i].GetNoneOfThese() != want {
				t.Errorf("%s, %d: got %v, want %v", name, i, found[i], want)
			}
		}
	}
}

func TestAModelWithoutTheScoreLeavesItAbsent(t *testing.T) {
	client := questiontopictest.NewClient(t, &questiontopictest.Service{Predict: topictest.Answer})
	found, err := client.Predict(t.Context(), questiontopicv1.LabelLevel_LABEL_LEVEL_BOTH, "Who?")
	if err != nil || found[0].NoneOfThese != nil {
		t.Errorf("got %v, %v", found, err)
	}
}
