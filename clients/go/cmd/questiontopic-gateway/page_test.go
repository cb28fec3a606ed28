package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
)

func TestThePageLoadsItsFilesFromTheGatewayAlone(t *testing.T) {
	gateway := start(t, newBackend(t, topictest.Answer))
	load := func(path string) string {
		t.Helper()
		response, body := send(t, http.MethodGet, gateway.url+"/"+path, "", nil)
		if response.StatusCode != http.StatusOK {
			t.Fatalf("%s: got %s", path, response.Status)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
			"Cache-Control": "no-cache", "Access-Control-Allow-Origin": "",
		} {
			if got := response.Header.Get(name); got != want {
				t.Errorf("%s: the header %s is %q, want %q", path, name, got, want)
			}
		}
		policy := response.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: got the policy %q", path, policy)
		}
		return body
	}
	page := load("")
	if inline := regexp.MustCompile(`<script>|<style|\sstyle=|\son\w+=|https?://`).FindString(page); inline != "" {
		t.Errorf("the page has %s, which its policy forbids", inline)
	}
	waiting := []string{}
	for _, match := range regexp.MustCompile(`(?:href|src)="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		waiting = append(waiting, match[1])
	}
	loaded := map[string]bool{}
	for len(waiting) > 0 {
		path := waiting[0]
		waiting = waiting[1:]
		if loaded[path] {
			continue
		}
		loaded[path] = true
		for _, match := range regexp.MustCompile(`from "\./([^"]+)"`).FindAllStringSubmatch(load(path), -1) {
			waiting = append(waiting, match[1])
		}
	}
	entries, err := files.ReadDir("page")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if name := entry.Name(); !loaded[name] && name != "index.html" {
			t.Errorf("%s is not loaded by anything", name)
		}
	}
}

func TestThePageNeverSetsHTML(t *testing.T) {
	entries, err := files.ReadDir("page")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		script, err := files.ReadFile("page/" + entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		if found := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(`).Find(script); found != nil {
			t.Errorf("%s: has %s; set textContent", entry.Name(), found)
		}
	}
}

// schema is a JSON schema in openapi.json, as far as the test reads it.
type schema struct {
	Required   []string
	Properties map[string]schema
	Items      *schema
}

func TestOpenAPIDescribesWhatTheHandlersReadAndWrite(t *testing.T) {
	gateway := start(t, newBackend(t, topictest.Answer))
	_, body := send(t, http.MethodGet, gateway.url+"/openapi.json", "", nil)
	var document struct {
		Info  struct{ Version string }
		Paths map[string]map[string]struct {
			RequestBody struct {
				Content map[string]struct{ Example json.RawMessage }
			}
			Responses map[string]json.RawMessage
		}
		Components struct{ Schemas map[string]schema }
	}
	if err := json.Unmarshal([]byte(body), &document); err != nil {
		t.Fatal(err)
	}
	if document.Info.Version != questiontopic.Version {
		t.Errorf("got the version %s, want %s", document.Info.Version, questiontopic.Version)
	}
	post := document.Paths[jsonPath]["post"]
	for _, status := range append(slices.Collect(maps.Values(statuses)), 200, 405, 408, 413, 500) {
		if _, ok := post.Responses[strconv.Itoa(status)]; !ok {
			t.Errorf("the response %d is missing", status)
		}
	}
	response, answer := send(t, http.MethodPost, gateway.url+jsonPath, "application/json",
		strings.NewReader(string(post.RequestBody.Content["application/json"].Example)))
	if response.StatusCode != http.StatusOK {
		t.Errorf("the example: got %s and %s", response.Status, answer)
	}
	schemas := document.Components.Schemas
	if got := slices.Sorted(maps.Keys(schemas["Texts"].Properties)); !slices.Equal(got, []string{modelName, textsName}) {
		t.Errorf("got the fields %v, want %s and %s", got, modelName, textsName)
	}
	for _, c := range []struct {
		described schema
		written   any
	}{
		{schemas["Predictions"], predictions{}}, {schemas["Problem"], problem{}}, {*schemas["Problem"].Properties["fields"].Items, field{}},
	} {
		want := []string{}
		for written := range fieldsOf(c.written) {
			want = append(want, written)
		}
		if got := slices.Sorted(maps.Keys(c.described.Properties)); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
			t.Errorf("%T: got the fields %v, want %v", c.written, got, want)
		}
	}
}

// fieldsOf returns the names of a struct's fields in JSON.
func fieldsOf(written any) map[string]bool {
	names := map[string]bool{}
	for f := range reflect.TypeOf(written).Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			names[name] = true
		}
	}
	return names
}
