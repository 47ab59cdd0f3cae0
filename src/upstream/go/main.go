// Package main is the renderer: Kustomize, Helm and the YAML reader of the Kubernetes projects behind two exported functions. It sees
// no file system, network or environment; whatever it reads comes through the host callback, so the host knows every read.
// rand.Seed has to work (go:debug), since templates draw from the global generator and a render must be repeatable.
//
//go:debug randseednop=0
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/rand"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"unsafe"
)

func main() {}

var (
	input  []byte
	output []byte
)

// alloc makes room for a request of that many bytes and says where it is.
//
//go:wasmexport alloc
func alloc(size uint32) unsafe.Pointer {
	input = make([]byte, size)
	return unsafe.Pointer(unsafe.SliceData(input))
}

// call answers the request that was written to the room of alloc; size tells how long the answer is.
//
//go:wasmexport call
func call() unsafe.Pointer {
	request := input
	input = nil
	output = answer(request)
	return unsafe.Pointer(unsafe.SliceData(output))
}

//go:wasmexport size
func size() uint32 { return uint32(len(output)) }

// settle frees what the requests so far left behind, before the build keeps the state of the module (wasmSnapshot.mjs in test/tools).
//
//go:wasmexport settle
func settle() {
	input, output = nil, nil
	runtime.GC()
	runtime.GC()
}

// request is what src/upstream/renderer.ts sends, followed by a zero byte and Text where Op is parse, jq or lua.
type request struct {
	Op          string       `json:"op"`
	Path        string       `json:"path"`
	Seed        int64        `json:"seed"`
	Restrictor  string       `json:"loadRestrictor"`
	Helm        *helmRequest `json:"helm"`
	KubeVersion string       `json:"kubeVersion"`
	APIVersions []string     `json:"apiVersions"`
	text        []byte
}

// rendered is one object of an answer, see RenderedObject in src/engine/model/render.ts.
type rendered struct {
	Object      json.RawMessage `json:"object"`
	File        string          `json:"file,omitempty"`
	Document    *int            `json:"documentIndex,omitempty"`
	Line        *int            `json:"line,omitempty"`
	Template    string          `json:"template,omitempty"`
	Hook        *hookInfo       `json:"hook,omitempty"`
	GeneratedBy string          `json:"generatedBy,omitempty"`
	Remote      string          `json:"remote,omitempty"`
}

type hookInfo struct {
	Events         []string `json:"events"`
	Weight         int      `json:"weight"`
	DeletePolicies []string `json:"deletePolicies"`
}

type response struct {
	Objects   []rendered `json:"objects"`
	Errors    []*failure `json:"errors"`
	Documents []document `json:"documents,omitempty"`
	Results   []queried  `json:"results,omitempty"`
}

func answer(input []byte) []byte {
	result := respond(input)
	buffer := bytes.Buffer{}
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(result); err != nil {
		message, _ := json.Marshal(err.Error())
		return fmt.Appendf(nil, `{"objects":[],"errors":[{"code":"renderer-failed","message":%s}]}`, message)
	}
	return buffer.Bytes()
}

func respond(input []byte) (result response) {
	result = response{Objects: []rendered{}, Errors: []*failure{}}
	defer func() {
		if caught := recover(); caught != nil {
			result = response{Objects: []rendered{}, Errors: []*failure{fail("renderer-failed", "", "%v", caught)}}
		}
	}()
	var asked request
	header, text, _ := bytes.Cut(input, []byte{0})
	if err := json.Unmarshal(header, &asked); err != nil {
		result.Errors = append(result.Errors, asFailure(err, "renderer-failed"))
		return result
	}
	asked.text = text
	rand.Seed(asked.Seed) //nolint:staticcheck // the only way to seed the generator that templates use
	files := newTree()
	http.DefaultTransport = remoteTransport{files}
	switch asked.Op {
	case "parse":
		result.Documents = parseDocuments(asked.Path, asked.text)
	case "directory":
		renderDirectory(&asked, files, &result)
	case "kustomize":
		renderKustomize(&asked, files, &result)
	case "helm":
		renderHelm(&asked, files, &result)
	case "jq":
		runJq(asked.text, &result)
	case "lua":
		runLua(asked.text, &result)
	default:
		result.Errors = append(result.Errors, fail("renderer-failed", "", "unknown operation %q", asked.Op))
	}
	if files.fatal != nil {
		result.Objects = []rendered{}
		result.Errors = []*failure{asFailure(files.fatal, "read-failed")}
	}
	return result
}

func init() {
	// small renders end before the first collection; a large one collects before it comes near the maximum of the memory
	debug.SetGCPercent(300)
	debug.SetMemoryLimit(512 << 20)
	log.SetFlags(0)
	log.SetOutput(io.Discard)
	slog.SetDefault(slog.New(slog.DiscardHandler))
	_ = os.Setenv("HOME", "/")
}
