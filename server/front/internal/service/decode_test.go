package service

import (
	"errors"
	"math/rand/v2"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	topic "github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

func TestTheFirstTextThatIsNotUTF8IsNamed(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 0))
	for range 2000 {
		var sent []byte
		var want []string
		wrong := ""
		for index := range random.IntN(10) {
			text := randomText(random)
			if wrong == "" && !utf8.Valid(text) {
				wrong = textField(index)
			}
			want = append(want, string(text))
			sent = protowire.AppendTag(sent, 1, protowire.BytesType)
			sent = protowire.AppendBytes(sent, text)
		}
		var request topic.PredictTopicRequest
		err := decode(sent, &request)
		var found *fieldError
		switch {
		case wrong != "" && (!errors.As(err, &found) || found.field != wrong || found.description != "must be valid UTF-8"):
			t.Fatalf("%q: got %v, want one that names %s", want, err, wrong)
		case wrong == "" && (err != nil || !proto.Equal(&request, &topic.PredictTopicRequest{Texts: want})):
			t.Fatalf("%q: got %v, %v", want, &request, err)
		}
	}
}

func TestAnyBytesAreARequestOrAFieldError(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 0))
	accepted := 0
	for range 5000 {
		sent := randomRecords(random)
		if random.IntN(2) == 0 && len(sent) > 0 {
			sent[random.IntN(len(sent))] = byte(random.Uint32())
		}
		var request, want topic.PredictTopicRequest
		err := decode(sent, &request)
		cannot := proto.Unmarshal(sent, &want)
		var found *fieldError
		if (err == nil) != (cannot == nil) || err != nil && (!errors.As(err, &found) || found.description == "") {
			t.Fatalf("%x: got %v where protobuf says %v", sent, err, cannot)
		}
		if err == nil {
			accepted++
			if !proto.Equal(&request, &want) {
				t.Fatalf("%x: got %v, want %v", sent, &request, &want)
			}
		}
	}
	if accepted < 500 || accepted > 4500 {
		t.Errorf("accepted %d of 5000: the bytes test one case alone", accepted)
	}
}

// randomText is not UTF-8 now and then.
func randomText(random *rand.Rand) []byte {
	text := []byte("aé\u2028\U0001f600"[:random.IntN(11)])
	if random.IntN(2) == 0 {
		text = []byte("aé\u2028\U0001f600")
	}
	return text
}

// randomRecords are some of the contract's and of others, of the right types and of wrong ones.
func randomRecords(random *rand.Rand) []byte {
	var made []byte
	for range random.IntN(6) {
		number := protowire.Number(1 + random.IntN(5))
		kind := []protowire.Type{
			protowire.BytesType, protowire.BytesType, protowire.VarintType, protowire.Fixed32Type, protowire.Fixed64Type,
			protowire.StartGroupType,
		}[random.IntN(6)]
		made = protowire.AppendTag(made, number, kind)
		switch kind {
		case protowire.BytesType:
			made = protowire.AppendBytes(made, randomText(random))
		case protowire.VarintType:
			made = protowire.AppendVarint(made, random.Uint64()>>random.IntN(64))
		case protowire.Fixed32Type:
			made = protowire.AppendFixed32(made, random.Uint32())
		case protowire.Fixed64Type:
			made = protowire.AppendFixed64(made, random.Uint64())
		case protowire.StartGroupType:
			made = protowire.AppendTag(made, number, protowire.EndGroupType)
		}
	}
	return made
}
