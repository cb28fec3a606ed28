package main

import (
	"embed"
	"net/http"
)

// files are the web page, which needs no build step and loads nothing from elsewhere, and the description of the JSON.
//
//go:embed page openapi.json
var files embed.FS

// addPage adds the web page at / with the files that it loads, and /openapi.json.
func addPage(mux *http.ServeMux) {
	add := func(path, name string) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-cache") // The files have no date: a new version must show at once.
			http.ServeFileFS(w, r, files, name)
		})
	}
	add("/{$}", "page/index.html")
	add("/openapi.json", "openapi.json")
	entries, _ := files.ReadDir("page") // It is in the binary.
	for _, entry := range entries {
		add("/"+entry.Name(), "page/"+entry.Name())
	}
}
