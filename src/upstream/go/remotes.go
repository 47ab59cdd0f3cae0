package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"
)

// remoteTransport answers the HTTP requests that Kustomize makes for remote files by asking the host.
type remoteTransport struct{ files *tree }

func (t remoteTransport) RoundTrip(asked *http.Request) (*http.Response, error) {
	content, err := t.files.remote("file", asked.URL.String())
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(bytes.NewReader(content)), ContentLength: int64(len(content)), Request: asked, Header: http.Header{},
	}, nil
}

var (
	gitLike = regexp.MustCompile(`^(?i:git::|ssh://|file://|git@|[\w.-]+@[\w.-]+:|github\.com[:/]|www\.github\.com/|git@github\.com)`)
	// remoteLike is in every text that could hold a remote reference
	remoteLike = regexp.MustCompile(`(?i)://|git::|@|github\.com`)
	fileLike   = regexp.MustCompile(`\.(ya?ml|json)$`)
)

// remoteKind says what an entry of a kustomization refers to: "file", "git", or "" for a local path. Kustomize tries a URL as a file
// first and as a repository second; here the form of the URL decides (README of kustomize: examples/remoteBuild.md).
func remoteKind(entry string) string {
	if strings.ContainsAny(entry, "\n") {
		return ""
	}
	if gitLike.MatchString(entry) {
		return "git"
	}
	parsed, err := url.Parse(entry)
	if err != nil || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		return ""
	}
	isPlain := !strings.Contains(parsed.Path, "//") && !strings.Contains(parsed.Path, ".git/") && !strings.Contains(parsed.Path, "_git/")
	if fileLike.MatchString(parsed.Path) && isPlain && parsed.Query().Get("ref") == "" {
		return "file"
	}
	if parsed.Host == "raw.githubusercontent.com" {
		return "file"
	}
	return "git"
}

// mountRemotes replaces each Git URL among the resources, bases and components of a kustomization by the folder under which the host
// provides its tree. It fails with remote-base when the host refuses.
func (b *build) mountRemotes(absolute string, content []byte) ([]byte, error) {
	var parsed map[string]any
	if !remoteLike.Match(content) || yaml.Unmarshal(content, &parsed) != nil {
		return content, nil
	}
	isChanged := false
	for _, field := range []string{"resources", "bases", "components"} {
		entries, _ := parsed[field].([]any)
		for index, one := range entries {
			text, isText := one.(string)
			if !isText {
				continue
			}
			kind := remoteKind(text)
			if kind == "" {
				continue
			}
			answer, err := b.files.remote(kind, text)
			if err != nil {
				return nil, refusal(b.nameOf(absolute), content, text, err)
			}
			if kind == "file" {
				continue // Kustomize reads it through remoteTransport, which has the answer already
			}
			folder := path.Join(remoteMount, string(answer))
			relative, err := filepath.Rel(path.Dir(absolute), folder)
			if err != nil {
				return nil, err
			}
			name, _, _ := strings.Cut(string(answer), "/")
			b.remotes[text] = path.Join(remoteMount, name) + "/"
			entries[index] = relative
			isChanged = true
		}
	}
	if !isChanged {
		return content, nil
	}
	return yaml.Marshal(parsed)
}

func (b *build) nameOf(absolute string) string {
	name, _ := inTree(absolute)
	return name
}

func refusal(file string, content []byte, reference string, err error) *failure {
	found := asFailure(err, "remote-failed")
	line, _ := lineOf(content, reference)
	details := map[string]any{"url": reference}
	message := fmt.Sprintf("%s: %s", reference, found.Message)
	return &failure{Code: found.Code, File: file, Line: line, Message: message, Details: details}
}

// lineOf gives the 1-based line on which a text first stands.
func lineOf(content []byte, text string) (int, bool) {
	at := bytes.Index(content, []byte(text))
	if at < 0 {
		return 0, false
	}
	return bytes.Count(content[:at], []byte{'\n'}) + 1, true
}
