package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// backend is where the servers of one model are.
type backend struct {
	model  string // The name of the servers' bundle. Empty for the only backend: it answers whatever the model is.
	target string // HOST:PORT or another gRPC target.
}

// backends is the value of --backend. The first is the default: it answers requests that name no model.
type backends []backend

var namedBackend = regexp.MustCompile(`^([a-z0-9._-]{1,64})=(.+)$`) // The names are those that a bundle may have.

// add adds the backends of one value of the flag.
func (b *backends) add(value string) error {
	for each := range strings.SplitSeq(value, ",") {
		added := backend{target: each}
		if match := namedBackend.FindStringSubmatch(each); match != nil {
			added = backend{match[1], match[2]}
		}
		*b = append(*b, added)
	}
	return nil
}

// check finds backends that do not fit together.
func (b backends) check() error {
	known := map[string]bool{}
	for _, each := range b {
		switch {
		case each.target == "":
			return errors.New("--backend: must be HOST:PORT or MODEL=HOST:PORT, not empty")
		case each.model == "" && len(b) > 1:
			return fmt.Errorf("--backend: with several, each needs the name of its model: MODEL=%s", each.target)
		case known[each.model]:
			return fmt.Errorf("--backend: the model %s is there twice; give each model once", each.model)
		}
		known[each.model] = true
	}
	return nil
}

// String says which servers they are, for the log.
func (b backends) String() string {
	if b[0].model == "" {
		return "the server at " + b[0].target
	}
	said := make([]string, len(b))
	for i, each := range b {
		said[i] = each.model + " at " + each.target
	}
	return strings.Join(said, ", ")
}
