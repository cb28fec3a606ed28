package service

import (
	"testing"

	"google.golang.org/protobuf/proto"

	topic "github.com/question-topic/question-topic/clients/go/questiontopicv1"
	"github.com/question-topic/question-topic/server/front/internal/model"
)

func BenchmarkDecodeAndCheck(b *testing.B) {
	data, err := proto.Marshal(&topic.PredictTopicRequest{Texts: []string{"Who repaired the roof of the town hall?"}})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		var request topic.PredictTopicRequest
		if err := decode(data, &request); err != nil {
			b.Fatal(err)
		}
		if err := checkTexts(request.GetTexts()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRespond(b *testing.B) {
	manifest := model.Manifest{Name: "m", CoarseLabels: []string{"ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"}}
	responses := newResponses(model.Loaded{Manifest: manifest})
	answers := []model.Answer{{Coarse: []float32{0.1, 0.1, 0.2, 0.3, 0.2, 0.1}}}
	for b.Loop() {
		response := responses.predict(answers, topic.LabelLevel_LABEL_LEVEL_COARSE)
		if _, err := proto.Marshal(response); err != nil {
			b.Fatal(err)
		}
	}
}
