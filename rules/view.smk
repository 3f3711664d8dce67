# What people watch in a browser, opened from disk: a page for each song, and beside it player, body, audio and dances.


rule player_assets:
    input:
        player=PROJECT / "justlmd" / "data" / "player.js",
        body_model=config["body_model"] or [],
    output:
        player="results/view/player.js",
        body="results/view/body.js",
    log:
        "results/logs/player_assets.log",
    benchmark:
        "results/logs/player_assets.tsv"
    conda:
        "../envs/body.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        body_model=config["body_model"],
    message:
        "Putting the player and its body beside the pages"
    script:
        "../workflow_scripts/player_assets.py"


rule song_page:
    input:
        overlay=rules.overlay.output[0],
        keypoints2d=rules.pose.output.keypoints2d,
        info=rules.download.output.info,
        motion=rules.recovery.output.motion,
        meta=rules.recovery.output.meta,
        quality=rules.quality.output[0],
        lyrics=if_for("song_page", rules.lyrics.output.lyrics),
        sliced=rules.lyrics.output.sliced,
        audio=rules.standardise.output.audio,
        audio_features=rules.audio_features.output[0],
        character=[],
    output:
        page="results/view/{song}.html",
        data="results/view/{song}.js",
        audio="results/view/{song}.m4a",
        contact_sheet="results/songs/{song}/contact_sheet.jpg",
        thumbnail="results/view/thumbnails/{song}.jpg",
    log:
        "results/songs/{song}/logs/song_page.log",
    benchmark:
        "results/songs/{song}/logs/song_page.tsv"
    wildcard_constraints:
        song=id_in("song_page"),
    priority: -1  # the models wait for the other stages, nobody for this one
    conda:
        "../envs/body.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        title=lambda wildcards: TABLE[wildcards.song].title,
        artist=lambda wildcards: TABLE[wildcards.song].artist,
        drop_last=config["lyrics"]["slicing"] == "compat",
        body_model=config["body_model"],
        gallery=lambda wildcards: "index.html" if wildcards.song in SONGS else "",
        dances=lambda wildcards: "dances.js" if wildcards.song in SONGS else f"dances/{wildcards.song}.js",
    message:
        "Making the page of {wildcards.song}"
    script:
        "../workflow_scripts/song_page.py"


use rule song_page as page_without_video with:
    input:
        overlay=[],
        keypoints2d=[],
        info=[],
        motion=of_watched(rules.recovery.output.motion),
        meta=of_watched(rules.recovery.output.meta),
        quality=of_watched(rules.quality.output[0]),
        lyrics=if_for("page_without_video", lambda song: rules.lyrics.output.lyrics if song.lyrics else []),
        sliced=of_watched(rules.lyrics.output.sliced),
        audio=rules.standardise.output.audio,
        audio_features=rules.audio_features.output[0],
        character=among(PLAN.danced_to, config["generate"]["character"] or []),
    output:
        page="results/view/{song}.html",
        data="results/view/{song}.js",
        audio="results/view/{song}.m4a",
    wildcard_constraints:
        song=id_in("page_without_video"),


use rule song_page as page_without_audio with:
    input:
        overlay=[],
        keypoints2d=[],
        info=[],
        motion=rules.recovery.output.motion,
        meta=rules.recovery.output.meta,
        quality=rules.quality.output[0],
        lyrics=if_for("page_without_audio", rules.lyrics.output.lyrics),
        sliced=rules.lyrics.output.sliced,
        audio=[],
        audio_features=[],
        character=[],
    output:
        page="results/view/{song}.html",
        data="results/view/{song}.js",
    wildcard_constraints:
        song=id_in("page_without_audio"),


rule dance_script:
    input:
        motion=rules.generate.output.motion,
        meta=rules.generate.output.meta,
    output:
        "results/view/dances/{song}/{name}{sample}.js",
    log:
        "results/generated/{song}/{name}{sample}/logs/dance_script.log",
    benchmark:
        "results/generated/{song}/{name}{sample}/logs/dance_script.tsv"
    conda:
        "../envs/body.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        body_model=config["body_model"],
    message:
        "Putting the dance of {wildcards.name} to {wildcards.song} on its page"
    script:
        "../workflow_scripts/dance_script.py"


rule dance_list:
    input:
        shown_dances,
    output:
        "results/view/dances.js",
    log:
        "results/logs/dance_list.log",
    benchmark:
        "results/logs/dance_list.tsv"
    conda:
        "../envs/body.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    message:
        "Listing the generated dances for the pages"
    script:
        "../workflow_scripts/dance_list.py"


use rule dance_list as dances_to_song with:
    # of a song that is only danced to, so that its page needs no other song
    input:
        if_for(
            "audio",
            lambda song: expand(
                rules.dance_script.output[0],
                song=song.id,
                name=config["generate"]["model"],
                sample=PLAN.samples,
            ),
        ),
    output:
        "results/view/dances/{song}.js",
    log:
        "results/songs/{song}/logs/dances_to_song.log",
    benchmark:
        "results/songs/{song}/logs/dances_to_song.tsv"
    wildcard_constraints:
        song=id_in("audio"),
    message:
        "Listing the dances to {wildcards.song} for its page"


rule share:
    input:
        motion=shared_dance("motion"),
        meta=shared_dance("meta"),
        quality=of_watched(rules.quality.output[0]),
        lyrics=with_lyrics(rules.lyrics.output.lyrics),
        sliced=of_watched(rules.lyrics.output.sliced),
        audio=with_audio(rules.standardise.output.audio),
        audio_features=with_audio(rules.audio_features.output[0]),
        info=with_video(rules.download.output.info),
        player=PROJECT / "justlmd" / "data" / "player.js",
        character=among(PLAN.danced_to, config["generate"]["character"] or []),
    output:
        "results/view/{song}.share.html",
    log:
        "results/songs/{song}/logs/share.log",
    benchmark:
        "results/songs/{song}/logs/share.tsv"
    conda:
        "../envs/body.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        title=lambda wildcards: TABLE[wildcards.song].title,
        artist=lambda wildcards: TABLE[wildcards.song].artist,
        drop_last=config["lyrics"]["slicing"] == "compat",
    message:
        "Putting {wildcards.song} into one file to pass on"
    script:
        "../workflow_scripts/share.py"


if not config["plan_songs"]:
    try:
        check_made(SONGS, rules.song_page.output.page)
    except JustLMDError as error:
        raise WorkflowError(str(error)) from None

pages_of_songs = expand(rules.song_page.output.page, song=SONGS)
pages_of_dances = expand([rules.song_page.output.page, rules.dances_to_song.output[0]], song=DANCED_TO)
