package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	release "helm.sh/helm/v4/pkg/release/v1"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
	"sigs.k8s.io/yaml"
)

type helmRequest struct {
	ReleaseName          string          `json:"releaseName"`
	Namespace            string          `json:"namespace"`
	ValueFiles           []string        `json:"valueFiles"`
	Values               json.RawMessage `json:"values"`
	IncludeCRDs          bool            `json:"includeCrds"`
	SkipTests            bool            `json:"skipTests"`
	SkipSchemaValidation bool            `json:"skipSchemaValidation"`
}

// renderHelm does what `helm template` does (cmd/template.go and action/install.go of Helm), without a cluster: `lookup` finds nothing.
func renderHelm(asked *request, files *tree, result *response) {
	if asked.Helm == nil {
		asked.Helm = &helmRequest{ReleaseName: "release-name", Namespace: "default"}
	}
	values, text, err := mergeValues(asked, files)
	if err != nil {
		result.Errors = append(result.Errors, asFailure(err, "values-invalid"))
		return
	}
	charts := &chartLoader{files: files, sources: map[*common.File]string{}, wantsCRDs: asked.Helm.IncludeCRDs}
	loaded, err := charts.load(asked.Path)
	if err == nil && (bytes.Contains(text, []byte("Files")) || mentionsFiles(loaded)) {
		charts.wantsAll = true
		loaded, err = charts.load(asked.Path)
	}
	if err != nil {
		result.Errors = append(result.Errors, asFailure(err, "chart-invalid"))
		return
	}
	loaded, missing := completeDependencies(asked, charts, loaded, values)
	if len(missing) > 0 {
		result.Errors = append(result.Errors, missing...)
		return
	}
	outputs, err := execute(asked, loaded, values)
	sources := map[string]string{}
	nameSources(loaded, charts.sources, sources)
	if err != nil {
		result.Errors = append(result.Errors, explainHelm(err, asked.Path, sources))
		return
	}
	collect(asked, loaded, outputs, sources, result)
}

// mergeValues gives the values of the files and the inline ones, and all of their text.
func mergeValues(asked *request, files *tree) (map[string]any, []byte, error) {
	merged := map[string]any{}
	all := []byte{}
	for _, name := range asked.Helm.ValueFiles {
		file := path.Join(asked.Path, name)
		if path.IsAbs(name) || file == ".." || strings.HasPrefix(file, "../") {
			return nil, nil, fail("outside-root", name, "the values file %s lies outside the repository", name)
		}
		content, err := files.read(file)
		if errors.Is(err, errAbsent) {
			return nil, nil, fail("values-missing", file, "no such values file: %s", file)
		}
		if err != nil {
			return nil, nil, err
		}
		values, err := loader.LoadValues(bytes.NewReader(content))
		if err != nil {
			return nil, nil, brokenText("values-invalid", file, content, err.Error())
		}
		merged = loader.MergeMaps(merged, values)
		all = append(all, content...)
	}
	if len(asked.Helm.Values) > 0 {
		values, err := loader.LoadValues(bytes.NewReader(asked.Helm.Values))
		if err != nil {
			return nil, nil, fail("values-invalid", "", "inline values: %s", err)
		}
		merged = loader.MergeMaps(merged, values)
		all = append(all, asked.Helm.Values...)
	}
	return merged, all, nil
}

// execute runs the templates: the text of each by its path.
func execute(asked *request, loaded *chart.Chart, values map[string]any) (map[string]string, error) {
	if err := chartutil.ValidateReleaseName(asked.Helm.ReleaseName); err != nil {
		return nil, fail("chart-invalid", "", "release name %q: %s", asked.Helm.ReleaseName, err)
	}
	if kind := loaded.Metadata.Type; kind != "" && kind != "application" {
		return nil, fail("chart-invalid", path.Join(asked.Path, "Chart.yaml"), "%s charts are not installable", kind)
	}
	capabilities := common.DefaultCapabilities.Copy()
	if asked.KubeVersion != "" {
		version, err := common.ParseKubeVersion(asked.KubeVersion)
		if err != nil {
			return nil, fail("kube-version-incompatible", "", "invalid kube version %q: %s", asked.KubeVersion, err)
		}
		capabilities.KubeVersion = *version
	}
	capabilities.APIVersions = append(slices.Clone(capabilities.APIVersions), asked.APIVersions...)
	options := common.ReleaseOptions{Name: asked.Helm.ReleaseName, Namespace: asked.Helm.Namespace, Revision: 1, IsInstall: true}
	input, err := util.ToRenderValuesWithSchemaValidation(loaded, values, options, capabilities, asked.Helm.SkipSchemaValidation)
	if err != nil {
		return nil, err
	}
	wanted := loaded.Metadata.KubeVersion
	if wanted != "" && !chartutil.IsCompatibleRange(wanted, capabilities.KubeVersion.String()) {
		found := fail("kube-version-incompatible", path.Join(asked.Path, "Chart.yaml"),
			"chart requires kubeVersion: %s which is incompatible with Kubernetes %s", wanted, capabilities.KubeVersion.Version)
		found.Details = map[string]any{"wanted": wanted, "version": capabilities.KubeVersion.Version}
		return nil, found
	}
	return engine.Engine{}.Render(loaded, input)
}

// nameSources gives the tree's file of each template and CRD by the path that Helm names, also of aliased subcharts.
func nameSources(one *chart.Chart, files map[*common.File]string, sources map[string]string) {
	for _, file := range append(one.Templates[:len(one.Templates):len(one.Templates)], one.Files...) {
		sources[path.Join(one.ChartFullPath(), file.Name)] = files[file]
	}
	for _, dependency := range one.Dependencies() {
		nameSources(dependency, files, sources)
	}
}

// manifest is one document of the output.
type manifest struct {
	template string
	index    int
	object   json.RawMessage
	head     releaseutil.SimpleHead
	hook     *hookInfo
}

// collect sorts the output as Helm does: CRDs, then objects in install order, then hooks, each sorted stably by kind.
func collect(asked *request, loaded *chart.Chart, outputs map[string]string, sources map[string]string, result *response) {
	objects, hooks := []manifest{}, []manifest{}
	names := make([]string, 0, len(outputs))
	for name := range outputs {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if strings.HasSuffix(name, "NOTES.txt") || strings.HasPrefix(path.Base(name), "_") {
			continue
		}
		found, failed := split(name, outputs[name])
		if failed != nil {
			failed.File = sources[name]
			result.Errors = append(result.Errors, failed)
		}
		for _, one := range found {
			switch isHook, known := readHook(&one); {
			case !isHook:
				objects = append(objects, one)
			case known && !(asked.Helm.SkipTests && slices.Contains(one.hook.Events, "test")):
				hooks = append(hooks, one)
			}
		}
	}
	if asked.Helm.IncludeCRDs {
		for _, crd := range loaded.CRDObjects() {
			found, failed := split(crd.Filename, string(crd.File.Data))
			if failed != nil {
				result.Errors = append(result.Errors, failed)
			}
			for _, one := range found {
				add(one, crd.Filename, sources, result)
			}
		}
	}
	sortByKind(objects)
	sortByKind(hooks)
	for _, one := range append(objects, hooks...) {
		add(one, one.template, sources, result)
	}
	reportDuplicates(result)
}

func split(name, text string) ([]manifest, *failure) {
	found := []manifest{}
	parts := releaseutil.SplitManifests(text)
	for index := range len(parts) {
		one := manifest{template: name, index: index}
		// Helm writes a line end after each document, which a block scalar at its end takes in.
		object, err := yaml.YAMLToJSON([]byte(parts["manifest-"+strconv.Itoa(index)] + "\n"))
		if err == nil {
			err = json.Unmarshal(object, &one.head)
		}
		if err != nil {
			failed := fail("template-output-invalid", "", "YAML parse error on %s: %s", name, err)
			failed.Template = name
			failed.Details = map[string]any{"document": index + 1}
			return found, failed
		}
		one.object = object
		found = append(found, one)
	}
	return found, nil
}

var hookEvents = []string{
	"pre-install", "post-install", "pre-delete", "post-delete", "pre-upgrade", "post-upgrade", "pre-rollback", "post-rollback", "test",
}

// readHook says whether a document is a hook, and whether Helm knows all of its events; it skips the hook when not.
func readHook(one *manifest) (isHook, known bool) {
	if one.head.Metadata == nil {
		return false, false
	}
	annotations := one.head.Metadata.Annotations
	events, isHook := annotations[release.HookAnnotation]
	if !isHook {
		return false, false
	}
	hook := &hookInfo{Events: []string{}, DeletePolicies: []string{}}
	for event := range strings.SplitSeq(events, ",") {
		event = strings.ToLower(strings.TrimSpace(event))
		if event == "test-success" {
			event = "test"
		}
		if !slices.Contains(hookEvents, event) {
			return true, false
		}
		hook.Events = append(hook.Events, event)
	}
	hook.Weight, _ = strconv.Atoi(annotations[release.HookWeightAnnotation])
	for policy := range strings.SplitSeq(annotations[release.HookDeleteAnnotation], ",") {
		if policy = strings.ToLower(strings.TrimSpace(policy)); policy != "" {
			hook.DeletePolicies = append(hook.DeletePolicies, policy)
		}
	}
	one.hook = hook
	return true, true
}

// sortByKind is Helm's order of installation: unknown kinds come last, by name.
func sortByKind(manifests []manifest) {
	rank := map[string]int{}
	for index, kind := range releaseutil.InstallOrder {
		rank[kind] = index
	}
	sort.SliceStable(manifests, func(i, j int) bool {
		first, isFirstKnown := rank[manifests[i].head.Kind]
		second, isSecondKnown := rank[manifests[j].head.Kind]
		switch {
		case isFirstKnown && isSecondKnown:
			return first < second
		case !isFirstKnown && !isSecondKnown:
			return manifests[i].head.Kind < manifests[j].head.Kind
		default:
			return isFirstKnown
		}
	})
}

func add(one manifest, template string, sources map[string]string, result *response) {
	file := sources[template]
	for _, object := range flatten(one.object) {
		if string(object) == "null" {
			continue
		}
		if _, err := readHead(object); err != nil {
			found := fail("object-invalid", file, "%s: %s", template, err)
			found.Template = template
			found.Details = map[string]any{"document": one.index + 1, "problem": fmt.Sprint(err)}
			result.Errors = append(result.Errors, found)
			continue
		}
		result.Objects = append(result.Objects, rendered{Object: object, File: file, Template: template, Hook: one.hook})
	}
}
