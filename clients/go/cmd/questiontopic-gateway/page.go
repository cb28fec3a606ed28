package main

import (
	"embed"
	"net/http"
)

// pageFiles is the web page. It needs no build step and loads nothing from elsewhere.
//
//go:embed page/*
var pageFiles embed.FS

// addPage adds the web page at / with the files that it loads, and the description of the JSON at /openapi.json.
func addPage(mux *http.ServeMux) {
	for path, name := range map[string]string{
		"/{$}": "index.html", "/style.css": "style.css", "/icon.svg": "icon.svg", "/openapi.json": "openapi.json",
		"/page.js": "page.js", "/server.js": "server.js", "/bars.js": "bars.js", "/csv.js": "csv.js", "/file.js": "file.js",
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-cache")
			http.ServeFileFS(w, r, pageFiles, "page/"+name)
		})
	}
}
