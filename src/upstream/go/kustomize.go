package main

import (
	"bytes"
	"encoding/json"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"
)

// build is one run of Kustomize.
type build struct {
	files *tree
	root  string // absolute path of the target
	// kustomizations are the files that Kustomize read, by absolute path, and their order
	kustomizations map[string][]byte
	order          []string
	remotes        map[string]string // mounted tree by URL, with a slash at the end
	refused        *failure
	keepsOrigin    bool // the source itself asks for origin annotations
	documents      map[string][]declared
}

// renderKustomize runs `kustomize build` on a folder. Origin annotations are asked for in the target's own kustomization as Kustomize
// reads it, so that each object's file is known, and are taken away again.
func renderKustomize(asked *request, files *tree, result *response) {
	b := &build{
		files:          files,
		root:           path.Join(treeMount, asked.Path),
		kustomizations: map[string][]byte{},
		remotes:        map[string]string{},
		documents:      map[string][]declared{},
	}
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified
	if asked.Restrictor == "none" {
		options.LoadRestrictions = types.LoadRestrictionsNone
	}
	resources, err := krusty.MakeKustomizer(options).Run(&mountedTree{files, b.rewrite}, b.root)
	if b.refused != nil {
		result.Errors = append(result.Errors, b.refused)
		return
	}
	if err != nil {
		result.Errors = append(result.Errors, b.explain(err))
		return
	}
	origins := make([]origin, 0, resources.Size())
	for _, one := range resources.Resources() {
		origins = append(origins, b.originOf(one))
	}
	if err := b.strip(resources); err != nil {
		result.Errors = append(result.Errors, asFailure(err, "kustomize-failed"))
		return
	}
	for index, one := range resources.Resources() {
		object, err := one.MarshalJSON()
		if err != nil {
			result.Errors = append(result.Errors, asFailure(err, "kustomize-failed"))
			continue
		}
		from := origins[index]
		result.Objects = append(result.Objects, rendered{
			Object: object, File: from.file, Document: from.document, GeneratedBy: from.generatedBy, Remote: from.remote,
		})
	}
}

func (b *build) strip(resources resmap.ResMap) error {
	if b.keepsOrigin {
		return nil
	}
	return resources.RemoveOriginAnnotations()
}

func isKustomization(name string) bool {
	return slices.Contains(konfig.RecognizedKustomizationFileNames(), path.Base(name))
}

// rewrite adds the wish for origins to the target's kustomization, and turns remote bases that the host provides into local folders.
func (b *build) rewrite(absolute string, content []byte) ([]byte, error) {
	if !isKustomization(absolute) {
		return content, nil
	}
	if _, known := b.kustomizations[absolute]; !known {
		b.order = append(b.order, absolute)
	}
	b.kustomizations[absolute] = content
	changed, err := b.mountRemotes(absolute, content)
	if err != nil {
		b.refused = asFailure(err, "remote-base")
		return nil, err
	}
	if path.Dir(absolute) != b.root {
		return changed, nil
	}
	if extended, ok := appendBuildMetadata(changed); ok {
		return extended, nil
	}
	var parsed map[string]any
	if yaml.UnmarshalStrict(changed, &parsed) != nil || parsed == nil {
		return changed, nil
	}
	asked, _ := parsed["buildMetadata"].([]any)
	if slices.Contains(asked, any(types.OriginAnnotations)) {
		b.keepsOrigin = true
		return changed, nil
	}
	parsed["buildMetadata"] = append(slices.Clone(asked), types.OriginAnnotations)
	if written, err := yaml.Marshal(parsed); err == nil {
		return written, nil
	}
	return changed, nil
}

// appendBuildMetadata asks for origin annotations by a line at the end. That is safe, and needs no parsing, where the text is one document
// in block style whose keys begin at the left edge.
func appendBuildMetadata(content []byte) ([]byte, bool) {
	if bytes.Contains(content, []byte("buildMetadata")) {
		return nil, false
	}
	isFirst := true
	for line := range bytes.Lines(content) {
		switch {
		case len(bytes.TrimSpace(line)) == 0 || line[0] == '#':
		case isFirst && isMarker(line, "---"):
			if len(bytes.TrimSpace(line)) > 3 {
				return nil, false
			}
		case isMarker(line, "---") || isMarker(line, "..."):
			return nil, false
		default:
			if isFirst && (line[0] < 'A' || line[0] > 'z' || !bytes.Contains(line, []byte(":"))) {
				return nil, false
			}
			isFirst = false
		}
	}
	if isFirst {
		return nil, false
	}
	extended := slices.Clone(content)
	if extended[len(extended)-1] != '\n' {
		extended = append(extended, '\n')
	}
	return append(extended, "buildMetadata: ["+types.OriginAnnotations+"]\n"...), true
}

// origin is where an object was declared.
type origin struct {
	file        string
	document    *int
	generatedBy string
	remote      string
}

func (b *build) originOf(one *resource.Resource) origin {
	found, err := one.GetOrigin()
	if err != nil || found == nil {
		return origin{}
	}
	if found.ConfiguredIn != "" {
		name, remote := b.locate(found.ConfiguredIn)
		return origin{file: name, generatedBy: name, remote: remote}
	}
	name, remote := b.locate(found.Path)
	if remote != "" || name == "" {
		return origin{remote: remote}
	}
	return origin{file: name, document: match(b.documentsOf(name), one.GetGvk().Group, one.GetKind(), one.GetName())}
}

// locate turns a path relative to the target into one of the tree, or the URL of the remote base that it lies in.
func (b *build) locate(relative string) (name, remote string) {
	if strings.Contains(relative, "://") || strings.HasPrefix(relative, "http:/") || strings.HasPrefix(relative, "https:/") {
		return "", strings.Replace(relative, ":/", "://", 1)
	}
	absolute := path.Join(b.root, relative)
	for url, mount := range b.remotes {
		if strings.HasPrefix(absolute, mount) {
			return "", url
		}
	}
	name, known := inTree(absolute)
	if !known {
		return "", ""
	}
	return name, ""
}

// declared is an object as a file declares it.
type declared struct {
	group, kind, name string
	document          int
}

// documentsOf gives the objects that a file declares.
func (b *build) documentsOf(name string) []declared {
	if known, ok := b.documents[name]; ok {
		return known
	}
	found := []declared{}
	content, err := b.files.read(name)
	if err == nil && isSingle(content) {
		found = append(found, declared{})
	} else if err == nil {
		for _, one := range parseDocuments(name, content) {
			for _, object := range flatten(one.Value) {
				var identity head
				if one.Value != nil && json.Unmarshal(object, &identity) == nil {
					found = append(found, declared{identity.group(), identity.Kind, identity.Metadata.Name, one.Index})
				}
			}
		}
	}
	b.documents[name] = found
	return found
}

// match finds the document that an object comes from: the only one, that of the same name, or, since Kustomize puts prefixes and suffixes
// around names and forgets the original ones, that of the longest name within the object's; nil when two could be meant.
func match(documents []declared, group, kind, name string) *int {
	best, isAmbiguous := -1, false
	for index, one := range documents {
		if len(documents) > 1 && (one.group != group || one.kind != kind || !strings.Contains(name, one.name)) {
			continue
		}
		switch {
		case best < 0 || len(one.name) > len(documents[best].name):
			best, isAmbiguous = index, false
		case len(one.name) == len(documents[best].name) && one.document != documents[best].document:
			isAmbiguous = true
		}
	}
	if best < 0 || isAmbiguous {
		return nil
	}
	return &documents[best].document
}

// isSingle says whether a text is one YAML document, without parsing it.
func isSingle(content []byte) bool {
	count := 0
	for _, part := range splitDocuments(decodeText(content)) {
		if !isBlank(part.text) {
			count++
		}
	}
	return count == 1
}
