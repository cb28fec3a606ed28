package questiontopictest_test

import (
	"context"
	"testing"

	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// isAboutMoney stands for the program under test.
func isAboutMoney(client *questiontopic.Client, text string) (bool, error) {
	predictions, err := client.Predict(context.Background(), questiontopicv1.LabelLevel_LABEL_LEVEL_FINE, text)
	return err == nil && predictions[0].GetFine().GetTopTopic() == "NUM:money", err
}

func TestExample(t *testing.T) {
	service := &questiontopictest.Service{
		Predict: questiontopictest.Topics(map[string]string{"What is your salary?": "NUM:money"}),
	}
	client := questiontopictest.NewClient(t, service)
	if found, err := isAboutMoney(client, "What is your salary?"); !found || err != nil {
		t.Errorf("got %v, %v", found, err)
	}
	if requests := service.Requests(); len(requests) != 1 {
		t.Errorf("got %d requests, want 1", len(requests))
	}
}
