/** English words of the error codes of the room `engine/writeback`. */
export const writebackMessages: Readonly<Record<string, string>> = {
  'edit-not-yaml': 'The file that sets this field is not valid YAML by itself, so Plumbline does not edit it. Edit it by hand.',
  'edit-encrypted': 'The file that sets this field is encrypted by SOPS. Edit it with sops.',
  'edit-duplicate-key': 'The file that sets this field has the key {key} twice, so no edit is certain. Remove one first.',
  'edit-too-large': 'The file that sets this field is too large to be edited safely. Edit it by hand.',
  'edit-not-exact': 'The value cannot be written there without changing anything else. Edit the file by hand.',
  'edit-encoding': '{file} is not UTF-8, so Plumbline does not edit it. Save it as UTF-8 first.',
  'edit-link': '{file} is reached through a link, so it is not sure what else an edit would change. Edit the file that the link leads to.',
  'lines-too-large': '{file} is larger than {limit}, so Plumbline does not look for lines in it. Edit it by hand, or divide it.',
  'lines-packed': '{file} is a packed chart, so no line of it can be edited. Set the value in the values of the chart that uses it.',
  'lines-in-scalar':
    'The value stands in a text of YAML that {file} has in quotes, folded or encoded, so only that text as a whole is its place. Write the text as a literal block (|) to have each value on its own line.',
  'lines-encoding': '{file} is not UTF-8, so Plumbline does not look for lines in it. Save it as UTF-8.',
  'lines-behind-link': '{file} is read as {link}, through a symbolic link: its lines are marked there.',
  'adopt-composed':
    'The field is put together from several pieces, and the live value changes more than one of them. Edit the file by hand.',
  'adopt-secret': 'Values of Secrets are never written into files. Change the secret at its source, or use Ignore This Field.',
  'adopt-secret-remove': 'Fields of Secrets are not taken out of files. Edit the file by hand, or use Ignore This Field.',
  'adopt-only-live': 'Only the cluster has this field; there is no line in Git that sets it.',
  'adopt-nothing': 'Nothing of this object differs from Git.',
  'adopt-same-value': 'Live says the same in other words; there is nothing to take over.',
  'adopt-controller-owned':
    '{manager} sets this field, so a value in Git would be changed again. Use Remove from Git, which leaves the field to it, or Ignore This Field.',
  'adopt-image-automation':
    "Flux's image automation writes this line by the policy {policy}, so a value written here would be changed again. Change the policy, use Remove from Git, or Ignore This Field.",
  'adopt-not-rendered': 'The files as they are now do not have this object any more.',
  'adopt-not-proved': 'No line of an input could be proved to set this field. Edit the file by hand, or use Ignore This Field.',
  'adopt-in-template': 'The template {file} sets this field itself. Edit the template by hand.',
  'adopt-add-in-template': 'No value of the chart was found that takes this field. Add it to the template {file} by hand.',
  'adopt-no-effect': 'With the edit the field would not have the live value. Edit {file} by hand.',
  'adopt-breaks-render': 'With the edit {application} could not be rendered any more.',
  'adopt-conflict':
    'Another of the chosen values stands on the same line and is different in {application}. Adopt them one by one, into the overlay of each.',
  'adopt-no-overlay': '{application} has no overlay or values file of its own in which only it would change.',
  'adopt-other-repo': '{application} is in another repository. Adopt its values apart from the others.',
  'adopt-object-helm':
    'A chart makes the objects of {application}: an object that only the cluster has cannot be put into it. Add a template by hand, or put the object into a folder of its own.',
  'adopt-object-changed': 'In this source the object would come out otherwise than it is live. Add it by hand.',
  'ignore-not-declared':
    '{application} is not declared in plumbline.yaml, so there is no place for a rule. Use Manage with Plumbline first.',
  'ignore-owner-not-in-repo':
    '{owner} owns this object and has its own rules for what does not count, but its manifest is not in this repository. Add the rule where it is.',
  'ignore-no-effect': 'With the rule the field would still count. Add a rule by hand.',
};
