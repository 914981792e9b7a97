//! The interface as others depend on it: nothing that was there is gone or changed, and everything
//! is named and described alike.

use std::collections::BTreeSet;

use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::source_code_info::Location;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    FileDescriptorSet, ServiceDescriptorProto,
};

fn files() -> Vec<FileDescriptorProto> {
    let set = FileDescriptorSet::decode(taxproof_proto::DESCRIPTORS).expect("descriptors");
    set.file
}

/// Each element in a line of its own, with all that a peer depends on.
fn described(files: &[FileDescriptorProto]) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for file in files {
        let package = file.package();
        file.message_type
            .iter()
            .for_each(|message| describe_message(package, message, &mut lines));
        for kind in &file.enum_type {
            for value in &kind.value {
                let (number, name) = (value.number(), value.name());
                lines.insert(format!("enum {package}.{} {number} {name}", kind.name()));
            }
        }
        for service in &file.service {
            for method in &service.method {
                let stream = |streams: bool| if streams { "stream " } else { "" };
                lines.insert(format!(
                    "rpc {package}.{}.{} {}{} -> {}{}",
                    service.name(),
                    method.name(),
                    stream(method.client_streaming()),
                    method.input_type(),
                    stream(method.server_streaming()),
                    method.output_type()
                ));
            }
        }
    }
    lines
}

fn describe_message(outer: &str, message: &DescriptorProto, lines: &mut BTreeSet<String>) {
    let name = format!("{outer}.{}", message.name());
    for field in &message.field {
        lines.insert(format!("field {name} {}", describe_field(field, message)));
    }
    let nested = message.nested_type.iter();
    nested.for_each(|inner| describe_message(&name, inner, lines));
}

fn describe_field(field: &FieldDescriptorProto, message: &DescriptorProto) -> String {
    let kind = match field.r#type() {
        Type::Message | Type::Enum => field.type_name().to_owned(),
        scalar => scalar
            .as_str_name()
            .trim_start_matches("TYPE_")
            .to_lowercase(),
    };
    let label = match (field.label(), field.proto3_optional()) {
        (Label::Repeated, _) => "repeated ",
        (_, true) => "optional ",
        _ => "",
    };
    let oneof = match field.oneof_index {
        Some(i) if !field.proto3_optional() => {
            format!(" of {}", message.oneof_decl[i as usize].name())
        }
        _ => String::new(),
    };
    format!("{} {} {label}{kind}{oneof}", field.number(), field.name())
}

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/taxproof.v1.txt");

/// What was published and is no more as it was.
fn broken<'a>(golden: &'a str, now: &BTreeSet<String>) -> Vec<&'a str> {
    let published = golden.lines().filter(|line| !line.is_empty());
    published.filter(|line| !now.contains(*line)).collect()
}

#[test]
fn nothing_that_was_published_changes() {
    let golden = std::fs::read_to_string(GOLDEN).unwrap_or_default();
    let now = described(&files());
    let broken = broken(&golden, &now);
    assert!(
        broken.is_empty(),
        "peers depend on these; a change like this is for taxproof.v2: {broken:#?}"
    );
    // Additions are written down, so that from now on they stay.
    let known: BTreeSet<String> = golden.lines().map(str::to_owned).collect();
    let added: Vec<_> = now.difference(&known).collect();
    if std::env::var_os("TAXPROOF_WRITE_GOLDEN").is_some() {
        let all: Vec<_> = known.union(&now).map(String::as_str).collect();
        std::fs::write(GOLDEN, all.join("\n") + "\n").expect("written");
        return;
    }
    assert!(
        added.is_empty(),
        "new in the interface: review them, then `TAXPROOF_WRITE_GOLDEN=1 cargo test --release -p \
         taxproof-proto` writes them down: {added:#?}"
    );
}

#[test]
fn each_kind_of_break_is_found() {
    let golden: Vec<String> = described(&files()).into_iter().collect();
    let golden = golden.join("\n");
    type Break = fn(&mut Vec<FileDescriptorProto>);
    let breaks: [(&str, Break); 6] = [
        ("a file", |files| drop(files.pop())),
        ("a field", |files| {
            drop(files[0].message_type[0].field.pop())
        }),
        ("a number", |files| {
            files[0].message_type[0].field[0].number = Some(99);
        }),
        ("a type", |files| {
            files[0].message_type[0].field[0].set_type(Type::Double);
        }),
        ("a call", |files| drop(files[0].service[0].method.pop())),
        ("a stream", |files| {
            let method = &mut files[0].service[0].method[0];
            method.server_streaming = Some(!method.server_streaming());
        }),
    ];
    for (what, change) in breaks {
        let mut files = files();
        change(&mut files);
        assert!(!broken(&golden, &described(&files)).is_empty(), "{what}");
    }
}

#[test]
fn every_element_is_described() {
    for file in files() {
        let info = file.source_code_info.as_ref().expect("comments are kept");
        let said = |path: &[i32]| {
            let here = |location: &&Location| location.path == path;
            let found = info.location.iter().find(here);
            found.is_some_and(|found| !found.leading_comments().trim().is_empty())
        };
        let mut silent = Vec::new();
        let mut check = |path: &[i32], name: &str| {
            if !said(path) {
                silent.push(name.to_owned());
            }
        };
        for (i, message) in (0..).zip(&file.message_type) {
            check(&[4, i], message.name());
            for (j, field) in (0..).zip(&message.field) {
                check(&[4, i, 2, j], field.name());
            }
        }
        for (i, kind) in (0..).zip(&file.enum_type) {
            check(&[5, i], kind.name());
            for (j, value) in (0..).zip(&kind.value) {
                check(&[5, i, 2, j], value.name());
            }
        }
        for (i, service) in (0..).zip(&file.service) {
            check(&[6, i], service.name());
            for (j, method) in (0..).zip(&service.method) {
                check(&[6, i, 2, j], method.name());
            }
        }
        assert!(silent.is_empty(), "{}: {silent:?}", file.name());
    }
}

#[test]
fn everything_is_named_alike() {
    for file in files() {
        assert_eq!((file.package(), file.syntax()), ("taxproof.v1", "proto3"));
        file.service.iter().for_each(check_service);
        file.enum_type.iter().for_each(check_enum);
        for message in &file.message_type {
            check_message(message);
            check_pages(message, &file);
        }
    }
}

/// A call `DoThing` takes a `DoThingRequest` and gives a `DoThingResponse`, which no other does.
fn check_service(service: &ServiceDescriptorProto) {
    assert!(service.name().ends_with("Service"), "{}", service.name());
    for method in &service.method {
        let name = method.name();
        assert!(is_camel(name), "{name}");
        let request = format!(".taxproof.v1.{name}Request");
        let response = format!(".taxproof.v1.{name}Response");
        assert_eq!(
            (method.input_type(), method.output_type()),
            (&*request, &*response)
        );
    }
}

fn check_enum(kind: &EnumDescriptorProto) {
    let prefix = screaming(kind.name());
    let zero = kind.value.iter().find(|value| value.number() == 0);
    let zero = zero.expect("proto3 wants a zero").name();
    assert_eq!(zero, format!("{prefix}_UNSPECIFIED"));
    for value in &kind.value {
        let (name, prefix) = (value.name(), format!("{prefix}_"));
        assert!(
            name.starts_with(&prefix) && name == name.to_uppercase(),
            "{name}"
        );
    }
}

fn check_message(message: &DescriptorProto) {
    assert!(is_camel(message.name()), "{}", message.name());
    for field in &message.field {
        let name = field.name();
        let snake = name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        assert!(
            snake && name.starts_with(|c: char| c.is_ascii_lowercase()),
            "{name}"
        );
    }
}

/// A list of what may be many comes in pages.
fn check_pages(message: &DescriptorProto, file: &FileDescriptorProto) {
    let name = message.name();
    let few = ["ListAuthoritiesResponse"];
    let Some(call) = name
        .strip_prefix("List")
        .and_then(|n| n.strip_suffix("Response"))
    else {
        return;
    };
    if few.contains(&name) {
        return;
    }
    let request = format!("List{call}Request");
    let request = file.message_type.iter().find(|m| m.name() == request);
    let has = |message: &DescriptorProto, field: &str, kind: Type| {
        let fits = |f: &FieldDescriptorProto| f.name() == field && f.r#type() == kind;
        message.field.iter().any(fits)
    };
    let request = request.expect("a response has its request");
    assert!(has(request, "page_size", Type::Uint32), "{name}");
    assert!(has(request, "page_token", Type::String), "{name}");
    assert!(has(message, "next_page_token", Type::String), "{name}");
}

fn is_camel(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase()) && !name.contains('_')
}

fn screaming(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
    }
    out
}
