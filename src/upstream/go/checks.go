package main

import (
	_ "embed"
	"encoding/json"
	"path"
	"strings"
)

// checksText holds the health checks that Argo CD brings for custom resources, by `<group>/<Kind>` with `_` for `*`. The build puts the
// scripts of the Argo CD module in its place (wasm.mjs in test/tools).
//
//go:embed checks.json
var checksText []byte

var checks map[string]string

func init() {
	if err := json.Unmarshal(checksText, &checks); err != nil {
		panic(err)
	}
}

// builtInCheck is Argo CD's own check for a kind, or nothing; an exact group and kind goes before a pattern.
func builtInCheck(object map[string]any) string {
	apiVersion, _ := object["apiVersion"].(string)
	kind, _ := object["kind"].(string)
	group, _, found := strings.Cut(apiVersion, "/")
	if !found {
		group = ""
	}
	name := group + "/" + kind
	if script, known := checks[name]; known {
		return script
	}
	for pattern, script := range checks {
		if !strings.Contains(pattern, "_") {
			continue
		}
		if matches, err := path.Match(strings.ReplaceAll(pattern, "_", "*"), name); err == nil && matches {
			return script
		}
	}
	return ""
}
