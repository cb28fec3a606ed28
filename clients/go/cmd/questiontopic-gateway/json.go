package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

const (
	jsonPath  = "/predict_topic"
	textsName = "rawtext_list"
	modelName = "model"
)

// predictions is the answer: the texts, for each of them the confidences of the coarse topics, and, if the model has it,
// the score that it belongs to none of them.
type predictions struct {
	Input       []string             `json:"input"`
	Output      []map[string]float32 `json:"output"`
	NoneOfThese []float32            `json:"none_of_these,omitempty"`
}

// addJSON adds POST /predict_topic, which openapi.json describes.
func addJSON(mux *http.ServeMux, topics topics) {
	mux.HandleFunc("POST "+jsonPath, func(w http.ResponseWriter, r *http.Request) {
		request, wrong := readRequest(r.Body)
		if wrong != nil {
			wrong.write(w)
			return
		}
		answered, err := topics.predict(r.Context(), r.Header, request)
		if err != nil {
			problemOf(err, textsName).write(w)
			return
		}
		found := predictions{Input: request.Texts, Output: make([]map[string]float32, len(request.Texts))}
		for i, prediction := range answered.GetPredictions() {
			found.Output[i] = prediction.GetCoarse().GetConfidences()
			if prediction.NoneOfThese != nil {
				found.NoneOfThese = append(found.NoneOfThese, prediction.GetNoneOfThese())
			}
		}
		writeJSON(w, http.StatusOK, found)
	})
	mux.HandleFunc(jsonPath, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", http.MethodPost)
		problem{http.StatusMethodNotAllowed, "unimplemented",
			fmt.Sprintf("the method must be POST, not %s", r.Method), nil, 0}.write(w)
	})
}

// addModels adds GET /models: the names that a request may give as its model, the default first.
func addModels(mux *http.ServeMux, routes routes) {
	mux.HandleFunc("GET /models", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, map[string][]string{"models": routes.models()})
	})
}

// readRequest reads a request, or tells what is wrong with it. The server checks the texts themselves.
func readRequest(source io.Reader) (*questiontopicv1.PredictTopicRequest, *problem) {
	body, err := io.ReadAll(source)
	var tooMany *http.MaxBytesError
	switch {
	case errors.As(err, &tooMany):
		return nil, new(tooLarge(tooMany.Limit))
	case err != nil:
		return nil, &problem{http.StatusRequestTimeout, "canceled", "the body did not arrive in time", nil, 0}
	case !utf8.Valid(body):
		return nil, new(wrongField("body", "must be UTF-8"))
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return nil, new(wrongField("body", fmt.Sprintf(`must be a JSON object such as {"%s": ["Who?"]}%s`, textsName, because(err))))
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if name != textsName && name != modelName {
			return nil, new(wrongField(name, "is not known; the fields are "+textsName+" and "+modelName))
		}
	}
	var model string
	if given, ok := fields[modelName]; ok && json.Unmarshal(given, &model) != nil {
		return nil, new(wrongField(modelName, "must be a name in quotation marks"))
	}
	var values []any
	if err := json.Unmarshal(fields[textsName], &values); err != nil || values == nil {
		return nil, new(wrongField(textsName, "must be a list of texts"))
	}
	texts := make([]string, len(values))
	for i, value := range values {
		text, ok := value.(string)
		if !ok {
			return nil, new(wrongField(fmt.Sprintf("%s[%d]", textsName, i), "must be a text in quotation marks"))
		}
		texts[i] = text
	}
	return &questiontopicv1.PredictTopicRequest{Texts: texts, Model: model}, nil
}

// because returns what the parser says about text that is no JSON.
func because(err error) string {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Sprintf("; at byte %d: %v", syntax.Offset, syntax)
	}
	return ""
}
