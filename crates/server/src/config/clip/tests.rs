use std::path::PathBuf;

use audio::wav::{Format, header};

use super::*;
use crate::config::{Config, Environment, Problems};

/// A folder with a configuration and clips in it, removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("clips {name} {}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.0.join(name), bytes).expect("a file");
    }

    /// The configuration of a tenant with these clips, whose agent speaks this language.
    fn load(&self, clips: &str, language: &str) -> Result<Config, Problems> {
        let text = format!(
            "[[tenants]]\nid = \"acme\"\napology_clips = {{ {clips} }}\n\
             [agents.desk]\nlanguage = \"{language}\"\n"
        );
        self.write("repartee.toml", text);
        Config::load(None, &self.0, &Environment::default())
    }

    fn apology(&self, clips: &str, language: &str) -> Option<Bytes> {
        let config = self.load(clips, language).expect("a configuration");
        config.tenants[0].agent.apology.clone()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).expect("an own folder");
    }
}

/// So many milliseconds of a tone of 500 Hz.
fn wav(coding: Coding, rate_hz: u32, channels: u16, ms: u32) -> Vec<u8> {
    let step = std::f32::consts::TAU * 500.0 / rate_hz as f32;
    let samples: Vec<i16> = (0..ms * rate_hz / 1_000)
        .map(|at| ((at as f32 * step).sin() * 8_000.0) as i16)
        .collect();
    let mut sound = Vec::new();
    match coding {
        Coding::ALaw => alaw::encode_into(&samples, &mut sound),
        Coding::MuLaw => ulaw::encode_into(&samples, &mut sound),
        Coding::Pcm16 => sound.extend(samples.iter().flat_map(|sample| sample.to_le_bytes())),
    }
    let format = Format {
        coding,
        rate_hz,
        channels,
    };
    [&header(format, sound.len() as u32)[..], &sound].concat()
}

#[test]
fn clips_of_all_kinds_come_to_the_line_as_mu_law() {
    let folder = Folder::new("kinds");
    let raw = vec![0x31; 4_000];
    folder.write("raw.ulaw", &raw);
    assert_eq!(folder.apology("en = \"raw.ulaw\"", "en"), Some(raw.into()));
    let kinds = [
        (Coding::Pcm16, 24_000),
        (Coding::Pcm16, 8_000),
        (Coding::ALaw, 8_000),
        (Coding::MuLaw, 8_000),
    ];
    for (coding, rate_hz) in kinds {
        folder.write("tone.wav", wav(coding, rate_hz, 1, 500));
        let clip = folder.apology("en = \"tone.wav\"", "en").expect("a clip");
        let mut samples = Vec::new();
        ulaw::decode_into(&clip, &mut samples);
        assert_eq!(samples.len(), 4_000, "{coding:?} at {rate_hz}");
        let level = audio::level::dbfs(&samples[800..3_200]);
        assert!((-17.0..-14.0).contains(&level), "{coding:?}: {level} dBFS");
    }
}

#[test]
fn the_clip_of_the_callers_language_is_taken() {
    let folder = Folder::new("languages");
    folder.write("one.ulaw", [0x31; 4_000]);
    folder.write("two.ulaw", [0x32; 4_000]);
    let clips = "es = \"one.ulaw\", es-MX = \"two.ulaw\"";
    let first = |language| folder.apology(clips, language).map(|clip| clip[0]);
    assert_eq!(first("es-ES"), Some(0x31));
    assert_eq!(first("es-MX"), Some(0x32));
    assert_eq!(first("en"), None);
    let config = folder.load(clips, "es-ES").expect("a configuration");
    let unused = "tenants.0.apology_clips.es-MX is not used: the agent speaks es-ES";
    assert!(
        config.warnings.iter().any(|warning| warning == unused),
        "{:?}",
        config.warnings
    );
}

#[test]
fn what_is_no_clip_is_named() {
    let folder = Folder::new("mistakes");
    folder.write("short.ulaw", [0x31; 100]);
    folder.write("song.mp3", b"ID3 and so on");
    folder.write("stereo.wav", wav(Coding::Pcm16, 8_000, 2, 500));
    folder.write("odd.wav", wav(Coding::Pcm16, 9_999, 1, 500));
    folder.write("long.ulaw", vec![0x31; 31 * 8_000]);
    folder.write("large.ulaw", vec![0x31; (LARGEST + 1) as usize]);
    let clips = "en = \"short.ulaw\", es = \"song.mp3\", fr = \"stereo.wav\", \
                 de = \"odd.wav\", it = \"long.ulaw\", pt = \"large.ulaw\", \
                 nl = \"nowhere.wav\", English = \"short.ulaw\"";
    let problems = folder.load(clips, "en").expect_err("all are wrong");
    let told: Vec<String> = problems
        .0
        .iter()
        .map(|problem| format!("{}: {}", problem.key, problem.message))
        .map(|told| told.replace(&format!("{}/", folder.0.display()), ""))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    tenants.0.apology_clips.en: short.ulaw: it lasts 12 ms, and a clip 200 ms to 30 s
    tenants.0.apology_clips.es: song.mp3: neither a WAV file nor named `.ulaw`
    tenants.0.apology_clips.fr: stereo.wav: it has 2 channels: make it mono
    tenants.0.apology_clips.de: odd.wav: cannot resample audio of 9999 Hz: supported rates are [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000]
    tenants.0.apology_clips.it: long.ulaw: it lasts 31000 ms, and a clip 200 ms to 30 s
    tenants.0.apology_clips.pt: large.ulaw: it has 4194305 bytes, and a clip at most 4194304
    tenants.0.apology_clips.nl: nowhere.wav: cannot be read: No such file or directory (os error 2)
    tenants.0.apology_clips.English: short.ulaw: it lasts 12 ms, and a clip 200 ms to 30 s
    tenants.0.apology_clips.English: `English` is not a language tag (such as `en`, `en-AU` or `es-ES`)
    ");
}
